"""Who is told how runs end; a part of `workspace.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from metadata.model.base import Definition, as_list


def _address(value: str) -> str:
    name, at, host = value.strip().partition("@")
    if not (name and at and host) or any(c.isspace() or c in ",;<>" for c in value.strip()):
        raise ValueError("is not the address of one mailbox, such as ops@example.com")
    return value.strip()


Mailbox = Annotated[str, AfterValidator(_address)]


class EmailNotice(Definition):
    """Notices by e-mail."""

    to: Annotated[tuple[Mailbox, ...], BeforeValidator(as_list)] = Field(
        min_length=1, description="Who gets them."
    )
    sender: Mailbox = Field(alias="from", description="Who they come from.")
    server: str = Field(
        min_length=1,
        repr=False,
        description="Mail server, as smtp://user:${PASSWORD}@mail.example.com:587, or smtps://;"
        " `${NAME}` is replaced from the environment.",
    )


class Notices(Definition):
    """Who is told how runs end."""

    on: Literal["failure", "warning", "always"] = Field(
        "failure",
        description="failure: a run that did not do everything, or a table that is late; warning:"
        " also one that met warnings; always: every run.",
    )
    webhook: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="Address that gets a JSON document with `text` and everything in it;"
        " `${NAME}` is replaced from the environment.",
    )
    email: EmailNotice | None = None

    @model_validator(mode="after")
    def _to_somebody(self) -> Notices:
        if self.webhook is None and self.email is None:
            raise ValueError("needs 'webhook' or 'email'")
        return self
