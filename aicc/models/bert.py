"""A BERT sentence encoder as the Hugging Face hub lays it out, turned into GGUF.

What llama.cpp's own converter writes for such a model, without PyTorch: names of tensors, settings, and a vocabulary
whose words start with a mark instead of their continuations. Tensors stay as they are, so nothing is rounded.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

from aicc.models.gguf import Tensor, Value, write

_NAMES = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_UNUSED = re.compile(r"^(embeddings\.position_ids|pooler\..*)$")
"""Not needed for embeddings that are a mean over tokens."""
_LAYER = re.compile(r"^encoder\.layer\.(\d+)\.(.*)$")
_NORMAL, _CONTROL = 1, 3
_MEAN = 1
_SPECIAL = ("unk", "sep", "pad", "cls", "mask")
_WORD_START = "\u2581"


def convert(folder: Path, target: Path, *, name: str, license_id: str) -> None:
    """Write the model in `folder` to the file `target`.

    Raises ValueError where the folder holds what this does not know, such as another pooling or numbers of 16 bits.
    """
    pooling = _json(folder / "1_Pooling" / "config.json")
    if not pooling["pooling_mode_mean_tokens"]:
        raise ValueError("the model does not pool by the mean over tokens")
    config = _json(folder / "config.json")
    general: dict[str, Value] = {
        "general.architecture": "bert",
        "general.name": name,
        "general.license": license_id,
        "general.file_type": 0,
    }
    write(target, general | _architecture(config) | _vocabulary(folder, config), _tensors(folder / "model.safetensors"))


def read_tensors(weights: Path) -> dict[str, Tensor]:
    """Return every tensor of 32-bit numbers in a safetensors file, by its own name."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    found = {}
    for name, tensor in header.items():
        first, last = tensor["data_offsets"]
        if tensor["dtype"] == "F32":
            found[name] = Tensor(tuple(tensor["shape"]), weights, 8 + length + first, last - first)
        elif not _UNUSED.match(name):
            raise ValueError(f"tensor {name} is of {tensor['dtype']}, not F32")
    return found


def _tensors(weights: Path) -> dict[str, Tensor]:
    named = {_name(name): tensor for name, tensor in read_tensors(weights).items() if not _UNUSED.match(name)}
    return dict(sorted(named.items()))


def _name(name: str) -> str:
    layer = _LAYER.match(name)
    stem, _, kind = (layer.group(2) if layer else name).rpartition(".")
    if stem not in _NAMES:
        raise ValueError(f"tensor {name} is none of a BERT encoder")
    return f"blk.{layer.group(1)}.{_NAMES[stem]}.{kind}" if layer else f"{_NAMES[stem]}.{kind}"


def _architecture(config: dict[str, Any]) -> dict[str, Value]:
    return {
        "bert.block_count": config["num_hidden_layers"],
        "bert.context_length": config["max_position_embeddings"],
        "bert.embedding_length": config["hidden_size"],
        "bert.feed_forward_length": config["intermediate_size"],
        "bert.attention.head_count": config["num_attention_heads"],
        "bert.attention.layer_norm_epsilon": float(config["layer_norm_eps"]),
        "bert.attention.causal": False,
        "bert.pooling_type": _MEAN,
    }


def _vocabulary(folder: Path, config: dict[str, Any]) -> dict[str, Value]:
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    special = {kind: _json(folder / "tokenizer_config.json")[f"{kind}_token"] for kind in _SPECIAL}
    control = set(special.values())
    ids = {kind: words.index(token) for kind, token in special.items()}
    return {
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.token_type_count": config["type_vocab_size"],
        "tokenizer.ggml.tokens": [_word(word) if word not in control else word for word in words],
        "tokenizer.ggml.token_type": [_CONTROL if word in control else _NORMAL for word in words],
        "tokenizer.ggml.bos_token_id": ids["cls"],
        "tokenizer.ggml.unknown_token_id": ids["unk"],
        "tokenizer.ggml.seperator_token_id": ids["sep"],
        "tokenizer.ggml.padding_token_id": ids["pad"],
        "tokenizer.ggml.mask_token_id": ids["mask"],
    }


def _word(word: str) -> str:
    return word[2:] if word.startswith("##") else f"{_WORD_START}{word}"


def _json(path: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held
