"""A BERT sentence encoder in plain Python, straight from the paper and the safetensors file: slow, and nothing else."""

from __future__ import annotations

import array
import json
import math
import operator
from pathlib import Path

from aicc.models.bert import read_tensors

Vector = list[float]


class Encoder:
    """The model in a folder as the hub lays it out."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.words = {word: at for at, word in enumerate((folder / "vocab.txt").read_text("utf-8").splitlines())}
        self.tensors = read_tensors(folder / "model.safetensors")

    def embed(self, sentence: str) -> Vector:
        """The mean over the tokens' last states, of length 1."""
        ids = [self.words[token] for token in ["[CLS]", *self._tokens(sentence), "[SEP]"]]
        states = [self._layer_norm("embeddings.LayerNorm", self._embedding(token, at)) for at, token in enumerate(ids)]
        for layer in range(self.layers):
            states = self._layer(f"encoder.layer.{layer}", states)
        mean = [sum(column) / len(states) for column in zip(*states, strict=True)]
        length = math.sqrt(dot(mean, mean))
        return [number / length for number in mean]

    def _tokens(self, sentence: str) -> list[str]:
        """Words of lower-case letters, by the longest pieces that the vocabulary has."""
        found = []
        for word in sentence.split():
            rest, mark = word, ""
            while rest:
                piece = next(rest[:end] for end in range(len(rest), 0, -1) if mark + rest[:end] in self.words)
                found.append(mark + piece)
                rest, mark = rest[len(piece) :], "##"
        return found

    def _embedding(self, token: int, at: int) -> Vector:
        word = self._row("embeddings.word_embeddings.weight", token)
        place = self._row("embeddings.position_embeddings.weight", at)
        kind = self._row("embeddings.token_type_embeddings.weight", 0)
        return [sum(numbers) for numbers in zip(word, place, kind, strict=True)]

    def _layer(self, name: str, states: list[Vector]) -> list[Vector]:
        attended = self._attention(f"{name}.attention.self", states)
        mixed = self._linear(f"{name}.attention.output.dense", attended)
        states = [
            self._layer_norm(f"{name}.attention.output.LayerNorm", _sum(a, b))
            for a, b in zip(mixed, states, strict=True)
        ]
        inner = [[_gelu(x) for x in row] for row in self._linear(f"{name}.intermediate.dense", states)]
        outer = self._linear(f"{name}.output.dense", inner)
        return [self._layer_norm(f"{name}.output.LayerNorm", _sum(a, b)) for a, b in zip(outer, states, strict=True)]

    def _attention(self, name: str, states: list[Vector]) -> list[Vector]:
        queries, keys, values = (self._linear(f"{name}.{part}", states) for part in ("query", "key", "value"))
        size = len(states[0]) // self.heads
        result: list[Vector] = [[] for _ in states]
        for first in range(0, len(states[0]), size):
            head = slice(first, first + size)
            for at, query in enumerate(queries):
                weights = [math.exp(dot(query[head], key[head]) / math.sqrt(size)) for key in keys]
                columns = zip(*(value[head] for value in values), strict=True)
                result[at] += [dot(weights, column) / sum(weights) for column in columns]
        return result

    def _linear(self, name: str, states: list[Vector]) -> list[Vector]:
        bias = self._row(f"{name}.bias", 0)
        width = len(states[0])
        weights = self._numbers(f"{name}.weight")
        rows = [weights[at : at + width] for at in range(0, len(weights), width)]
        return [[dot(row, state) + b for row, b in zip(rows, bias, strict=True)] for state in states]

    def _layer_norm(self, name: str, state: Vector) -> Vector:
        mean = sum(state) / len(state)
        scale = 1 / math.sqrt(sum((x - mean) ** 2 for x in state) / len(state) + self.epsilon)
        weight, bias = self._row(f"{name}.weight", 0), self._row(f"{name}.bias", 0)
        return [(x - mean) * scale * w + b for x, w, b in zip(state, weight, bias, strict=True)]

    def _row(self, name: str, at: int) -> Vector:
        width = self.tensors[name].shape[-1]
        return self._numbers(name, at * width, width)

    def _numbers(self, name: str, first: int = 0, count: int | None = None) -> Vector:
        tensor = self.tensors[name]
        numbers = array.array("f")
        with tensor.file.open("rb") as file:
            file.seek(tensor.offset + 4 * first)
            numbers.frombytes(file.read(tensor.size_bytes if count is None else 4 * count))
        return numbers.tolist()


def dot(a: Vector | tuple[float, ...], b: Vector | tuple[float, ...]) -> float:
    return sum(map(operator.mul, a, b))


def _sum(a: Vector, b: Vector) -> Vector:
    return list(map(operator.add, a, b))


def _gelu(x: float) -> float:
    return x * (1 + math.erf(x / math.sqrt(2))) / 2
