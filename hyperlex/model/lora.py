"""LoRA on 4-bit layers. PEFT finds `Linear4bit` by itself; merging back is what it needs us for.

config = prepare_lora(LoraConfig(r=8, target_modules=["q_proj", "v_proj"]))
model = get_peft_model(model, config)
...
model = model.merge_and_unload()       # dense weight + adapter, quantised again
"""

from __future__ import annotations

from typing import Any, cast

import torch
from peft import LoraConfig
from peft.tuners.lora.layer import Linear as LoraLinear
from peft.tuners.tuners_utils import check_adapters_to_merge

import hyperlex_kernels as kernels
from hyperlex.errors import ConfigError
from hyperlex.model.linear import Linear4bit


class Lora4bit(LoraLinear):
    """PEFT's linear LoRA layer over a `Linear4bit`.

    Merging makes the weight dense, adds the adapter and quantises the sum, so it loses what any
    quantising loses. The packed weight from before is kept, and unmerging puts it back bit by bit.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Outside nn.Module's own attributes: not a parameter, not saved.
        self._unmerged: list[kernels.PackedWeight] = []

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Add the adapters to the base weight. `safe_merge` or not, a NaN is refused."""
        names = check_adapters_to_merge(self, adapter_names)
        names = [name for name in names if name in self.lora_A]
        base = cast(Linear4bit, self.get_base_layer())
        if not names:
            return
        for name in names:
            if name in self.lora_variant or self.lora_bias[name]:
                raise ConfigError(
                    f"Adapter {name!r} uses DoRA, a LoRA bias or another variant, which cannot be "
                    "merged into a 4-bit weight. Keep it unmerged, or train it without."
                )
        dense = base.dequantize(torch.float32)
        for name in names:
            dense += self.get_delta_weight(name).float()
        packed = kernels.quantize_4bit(
            dense, base.format, base.group_size, scale_dtype=base.scales.dtype
        )
        if not self._unmerged:
            self._unmerged.append(base.packed)
        base.set_packed(packed)
        self.merged_adapters.extend(names)

    def unmerge(self) -> None:
        """Undo every merge at once: what was quantised together cannot be taken out singly."""
        if self._unmerged:
            base = cast(Linear4bit, self.get_base_layer())
            base.set_packed(self._unmerged.pop())
        self.merged_adapters.clear()


def prepare_lora(config: LoraConfig) -> LoraConfig:
    """Tell `config` how 4-bit layers are wrapped; returns it. Not saved with an adapter: call it
    again on the config that an adapter is loaded with."""
    config._register_custom_module({Linear4bit: Lora4bit})
    return config
