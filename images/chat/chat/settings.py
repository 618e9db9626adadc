"""What the page is told by its environment; secrets are in files, and files only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONFIG = """\
[project]
allow_origins = []
session_timeout = 3600

[features]
unsafe_allow_html = false
latex = false
user_message_markdown = true
edit_message = true

[features.spontaneous_file_upload]
enabled = false

[features.mcp]
enabled = false

[UI]
name = "AI compute centre"
cot = "hidden"
custom_meta_url = "/"
custom_meta_image_url = "/favicon"

[meta]
generated_by = "2.12.0"
"""
"""Chainlit's own settings: nothing is uploaded, nothing is run, no HTML of a model's is shown."""
WELCOME = ""
"""Without a text of its own, Chainlit would show one about itself."""


@dataclass(frozen=True)
class Settings:
    """One page."""

    gateway: str
    """Up to where /v1 begins."""
    key_file: Path | None
    models: tuple[str, ...]
    """The first is the default."""
    answer_tokens: int
    """An answer's length at most."""
    group: str | None
    """Whose members may come in; None where there is no login."""
    groups_claim: str

    @staticmethod
    def read(environment: Mapping[str, str] = os.environ) -> Settings:
        """Read them.

        Raises ValueError where a variable is missing, empty or no number.
        """

        def required(name: str) -> str:
            if value := environment.get(name):
                return value
            raise ValueError(f"{name} is not set")

        key_file = environment.get("AICC_KEY_FILE")
        return Settings(
            gateway=required("AICC_GATEWAY").rstrip("/"),
            key_file=Path(key_file) if key_file else None,
            models=tuple(required("AICC_MODELS").split(",")),
            answer_tokens=int(required("AICC_ANSWER_TOKENS")),
            group=environment.get("AICC_GROUP") or None,
            groups_claim=environment.get("AICC_GROUPS_CLAIM", "groups"),
        )


def prepare(root: Path) -> None:
    """Fill the folder that Chainlit reads its settings from; the image's own is read-only."""
    (root / ".chainlit").mkdir(parents=True, exist_ok=True)
    (root / ".chainlit" / "config.toml").write_text(CONFIG, encoding="utf-8")
    (root / "chainlit.md").write_text(WELCOME, encoding="utf-8")


def login_secrets(folder: Path) -> dict[str, str]:
    """Return Chainlit's variables of the login, from the files of the mounted Secret.

    Raises OSError where one is missing.
    """
    names = {
        "OAUTH_GENERIC_CLIENT_ID": "client-id",
        "OAUTH_GENERIC_CLIENT_SECRET": "client-secret",
        "CHAINLIT_AUTH_SECRET": "session-secret",
    }
    return {variable: (folder / name).read_text(encoding="utf-8").strip() for variable, name in names.items()}
