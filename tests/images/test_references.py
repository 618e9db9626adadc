"""What an image is called follows from what it is made from, and from nothing else."""

import re
from pathlib import Path

import pytest

from infra import images

CONTAINERFILE = "FROM scratch\nCOPY a /\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(images, "FOLDER", tmp_path)
    for name in ("sample", "debian"):
        (tmp_path / name).mkdir()
    (tmp_path / "sample" / "Containerfile").write_text(CONTAINERFILE)
    (tmp_path / "sample" / "a").write_text("a")
    (tmp_path / "debian" / "packages.txt").write_text("ca-certificates\n")
    return tmp_path


def test_a_reference_is_whole_and_its_tag_a_hash(folder: Path) -> None:
    assert re.fullmatch(r"docker\.io/local/sample:[0-9a-f]{16}", images.local_image("sample"))
    assert images.is_local(images.local_image("sample"))
    assert images.name_of(images.local_image("sample")) == "sample"


def test_an_image_of_others_is_not_local() -> None:
    assert not images.is_local("docker.io/library/local:1")


def test_a_changed_byte_a_new_file_and_another_mode_each_change_the_tag(folder: Path) -> None:
    seen = [images.local_image("sample")]
    (folder / "sample" / "a").write_text("b")
    seen.append(images.local_image("sample"))
    (folder / "sample" / "b").write_text("b")
    seen.append(images.local_image("sample"))
    (folder / "sample" / "b").chmod(0o755)
    seen.append(images.local_image("sample"))
    assert len(set(seen)) == len(seen)


def test_what_moves_from_one_file_to_the_next_changes_the_tag(folder: Path) -> None:
    (folder / "sample" / "a").write_text("xy")
    (folder / "sample" / "b").write_text("z")
    before = images.local_image("sample")
    (folder / "sample" / "a").write_text("x")
    (folder / "sample" / "b").write_text("yz")
    assert images.local_image("sample") != before


def test_what_no_build_reads_leaves_the_tag(folder: Path) -> None:
    before = images.local_image("sample")
    (folder / "sample" / "README.md").write_text("words")
    (folder / "sample" / ".a.swp").write_text("an editor's")
    (folder / "sample" / "__pycache__").mkdir()
    (folder / "sample" / "__pycache__" / "a.pyc").write_bytes(b"\0")
    assert images.local_image("sample") == before


def test_the_base_counts_for_the_images_that_start_from_it_alone(folder: Path) -> None:
    based = folder / "based"
    based.mkdir()
    (based / "Containerfile").write_text("ARG BASE\nFROM ${BASE}\n")
    before = images.local_image("sample"), images.local_image("based")
    (folder / "debian" / "packages.txt").write_text("ca-certificates\npython3\n")
    assert images.local_image("sample") == before[0]
    assert images.local_image("based") != before[1]


def test_an_image_that_is_none_has_no_reference(folder: Path) -> None:
    for name in ("nothing", "debian"):
        with pytest.raises(KeyError):
            images.local_image(name)
    assert images.names() == ("sample",)


@pytest.mark.parametrize("name", images.names())
class TestEachImage:
    def test_it_runs_as_a_numbered_user_who_is_not_root(self, name: str) -> None:
        """By number, or the kubelet could not tell that `runAsNonRoot` holds."""
        last_stage = self._text(name).rpartition("\nFROM ")[2]
        user = re.search(r"^USER (\d+):\d+$", last_stage, re.MULTILINE)
        assert user is not None
        assert int(user.group(1)) > 0

    def test_it_starts_from_the_one_base_or_from_nothing(self, name: str) -> None:
        text = self._text(name)
        stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
        assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) <= {"${BASE}", "scratch"} | stages

    def test_every_package_is_pinned_by_version_and_hash(self, name: str) -> None:
        for listed in ("requirements.txt", "sources.txt"):
            path = images.FOLDER / name / listed
            text = path.read_text(encoding="utf-8").replace("\\\n", " ") if path.exists() else ""
            for line in (line for line in text.splitlines() if line.strip() and not line.startswith("#")):
                assert re.match(r"^[A-Za-z0-9_.\[\]-]+==[^ ]+.* --hash=sha256:[0-9a-f]{64}", line), line

    def _text(self, name: str) -> str:
        return (images.FOLDER / name / "Containerfile").read_text(encoding="utf-8")
