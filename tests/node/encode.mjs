// Ids of texts by @huggingface/tokenizers, the JavaScript engine behind transformers.js.
//
//     node encode.mjs DIRECTORY < texts.json > ids.json
//
// DIRECTORY holds tokenizer.json and, if there is one, tokenizer_config.json; texts.json is a JSON
// array of strings. Written out: {"ids": [[…], …], "texts": […]}, the texts being what the ids decode to.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const directory = process.argv[2];
const settings = join(directory, "tokenizer_config.json");
const tokenizer = new Tokenizer(
  read(join(directory, "tokenizer.json")),
  existsSync(settings) ? read(settings) : {},
);
const ids = read(0).map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids);
const texts = ids.map((run) => tokenizer.decode(run, { skip_special_tokens: false }));
process.stdout.write(JSON.stringify({ ids, texts }));
