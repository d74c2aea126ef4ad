"""The class of a tokenizer that hyperlex wrote: a `tokenizer.json` as it is, nothing rebuilt.

`save` puts a copy of this file beside the tokenizer, for AutoTokenizer with trust_remote_code=True.
Without that argument the copy is never run and the ids are the same. `save_pretrained` of this
class writes the copy again. Its name is one that transformers 4 and 5 take as their own.
"""

from transformers import PreTrainedTokenizerFast as _PreTrainedTokenizerFast


class PreTrainedTokenizerFast(_PreTrainedTokenizerFast):
    _auto_class = "AutoTokenizer"
