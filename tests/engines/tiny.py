"""A model for vLLM without a download: a Llama of two small layers, weights made up, and a tokenizer of 64 words."""

from __future__ import annotations

import json
from pathlib import Path

WORDS = 61
_SPECIAL = ("<s>", "</s>", "<unk>")
_CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "dtype": "bfloat16",
    "vocab_size": WORDS + len(_SPECIAL),
    "hidden_size": 128,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "max_position_embeddings": 2048,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
_TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "chat_template": "{% for message in messages %}{{ message['content'] }} {% endfor %}",
}


def write(folder: Path) -> None:
    """Write what vLLM reads of a model, but for the weights: `--load-format=dummy` makes them up."""
    vocabulary = [*_SPECIAL, *(f"word{number}" for number in range(WORDS))]
    tokenizer = {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": token, "special": True}
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for number, token in enumerate(_SPECIAL)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {token: number for number, token in enumerate(vocabulary)},
            "unk_token": "<unk>",
        },
    }
    files = {"config.json": _CONFIG, "tokenizer.json": tokenizer, "tokenizer_config.json": _TOKENIZER_CONFIG}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
