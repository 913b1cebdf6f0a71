"""What looks like a secret keeps a text from being approved until it is gone or a second person waives it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain.secrets import Secret, find_secrets
from curation.models import Example, SecretWaiver
from curation.services import auditing, owning

MAX_REASON = 2000  # characters


class WaiverRefused(Exception):
    """Nothing was waived; the message is for the person who tried."""


@dataclass(frozen=True)
class Suspect:
    """A place in the present text of an example; `waiver` is None as long as it blocks approval."""

    secret: Secret
    waiver: SecretWaiver | None


def suspects(example: Example) -> list[Suspect]:
    """Every place of the present text that looks like a secret, waived or not.

    A waiver is bound to the text: any edit asks again.
    """
    assert example.head
    waivers = {
        (waiver.rule, waiver.line): waiver
        for waiver in example.secret_waivers.filter(content_hash=example.content_hash).select_related(
            "waived_by"
        )
    }
    found = find_secrets(example.head.text)
    return [Suspect(secret, waivers.get((secret.rule, secret.line))) for secret in found]


def blocking(example: Example) -> list[Secret]:
    return [suspect.secret for suspect in suspects(example) if suspect.waiver is None]


@transaction.atomic
def waive(
    *, example: Example, rule: str, line: int, content_hash: str, by: User, reason: str
) -> SecretWaiver:
    """Say that what stands in this line is no secret.

    Raises:
        WaiverRefused: the text changed, nothing stands there, the person wrote the text, or no reason.
    """
    current = Example.everything.select_for_update(of=("self",)).select_related("head").get(pk=example.pk)
    if content_hash != current.content_hash:
        raise WaiverRefused(f"{current.path} changed after you opened it. Read the new text and judge that.")
    if owning.is_work_of(by, current):
        raise WaiverRefused(f"You wrote or edited {current.path}: a second person has to look at it.")
    reason = reason.strip()[:MAX_REASON]
    if not reason:
        raise WaiverRefused("Say in a sentence why this is no secret.")
    suspect = next((s for s in suspects(current) if (s.secret.rule, s.secret.line) == (rule, line)), None)
    if suspect is None:
        raise WaiverRefused("Nothing in that line looks like a secret any more.")
    if suspect.waiver:
        return suspect.waiver
    waiver = SecretWaiver.objects.create(
        example=current, content_hash=content_hash, rule=rule, line=line, reason=reason, waived_by=by
    )
    auditing.record(
        actor=by,
        action="secret.waive",
        subject=current,
        waiver=waiver.pk,
        rule=rule,
        line=line,
        content_hash=content_hash,
        reason=reason,
    )
    return waiver
