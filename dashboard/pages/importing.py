"""Importing a file: the form, what it would do, and doing that."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from starlette.datastructures import UploadFile

from dashboard import formats, forms, jobs
from dashboard.importing import SHOWN, Existing, Importing, Preview, preview
from dashboard.pages.errors import NotFound, group_in
from dashboard.rendering import redirect, render, store_of
from dashboard.staging import MAX_STAGED, TooLong
from dashboard.urls import Urls
from store import UNDO_SECONDS, StoreError

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.staging import Staged, Staging

MAX_PASTED: Final = 1024 * 1024  # characters of a text that is shown again when something is wrong in it


@dataclass(frozen=True, slots=True)
class ImportForm:
    """What was typed, and what was wrong with it.

    `group_id` is the group whose page this began at; `file` the name of the file that was sent, "" if it was a text.
    """

    group_id: str | None
    group: str = ""
    existing: Existing = "update"
    pasted: str = ""
    file: str = ""
    error: forms.FieldError | None = None
    max_upload: int = forms.MAX_UPLOAD
    title: str = "Import"
    section: Literal["groups"] = "groups"


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """What a file would do."""

    staged: Staged
    existing: Existing
    preview: Preview
    shown: int = SHOWN
    undo_minutes: int = UNDO_SECONDS // 60
    title: str = "Import"
    section: Literal["groups"] = "groups"

    @property
    def kinds(self) -> list[tuple[str, str, int]]:
        """The kinds of lines that there are: what becomes of them, in words, and how many they are."""
        report = self.preview.report
        kinds = [
            ("overwritten", "will change", report.overwritten),
            ("created", "will be new", report.created),
            ("same", "already there, exactly the same", report.same),
            ("kept", "already there, and kept as it is", report.kept),
            ("expired", "expired, so left out", report.expired),
        ]
        return [kind for kind in kinds if kind[2]]


def show(request: Request) -> Response:
    """GET: the form."""
    return render(request, "import.html", ImportForm(_group_in(request)))


def submit(request: Request, form: FormData) -> Response:
    """POST: read a file or a text, and go on to what it would do."""
    group_id = _group_in(request)
    group = forms.text(form, "group") if group_id is None else group_id
    existing, pasted = _existing(forms.text(form, "existing")), forms.text(form, "text")
    try:
        staged = _stage(request, form, group or None)
    except StoreError as error:
        wrong, status = forms.FieldError.of(error), forms.status_of(error)
    except TooLong:
        wrong, status = forms.FieldError(f"Its items take more than {formats.size(MAX_STAGED)}."), 413
    except OSError as error:
        wrong, status = forms.FieldError(f"The server cannot keep the file: {error.strerror}."), 503
    else:
        if staged is not None:
            return redirect(request, Urls.of(request).staged(staged.id, existing))
        wrong, status = forms.FieldError("There is no item in it. Choose a file, or paste its text."), 422
    shown = pasted if len(pasted) <= MAX_PASTED else ""
    page = ImportForm(group_id, group, existing, shown, _file_name(form), wrong)
    return render(request, "import.html", page, status)


def show_preview(request: Request) -> Response:
    """GET: what the file would do as the store is now."""
    staged = _staging(request).get(request.path_params["import"])
    if staged is None:
        raise _over(request)
    existing = _existing(request.query_params.get("existing", ""))
    try:
        page = PreviewPage(staged, existing, preview(store_of(request), staged, existing))
    except FileNotFoundError:  # its time was up just now
        raise _over(request) from None
    return render(request, "import_preview.html", page)


def confirm(request: Request, form: FormData) -> Response:
    """POST: import the file, as a job."""
    taken = _staging(request).take(request.path_params["import"])
    if taken is None:
        raise _over(request)
    staged, file = taken
    work = Importing(store_of(request), file, staged.lines, _existing(forms.text(form, "existing")))
    urls = Urls.of(request)
    back, label = (urls.groups(), "All groups") if staged.group is None else (urls.group(staged.group), "The group")
    return jobs.run(request, f"Importing {staged.name}", work, back, label)


def _group_in(request: Request) -> str | None:
    return group_in(request) if "group" in request.path_params else None


def _existing(text: str) -> Existing:
    return "keep" if text == "keep" else "update"


def _stage(request: Request, form: FormData, group: str | None) -> Staged | None:
    """Read what was sent; None if there is no item in it."""
    sent, name = form.get("file"), _file_name(form)
    text = io.BytesIO(forms.text(form, "text").encode())
    file: BinaryIO = sent.file if name and isinstance(sent, UploadFile) else text
    staged = _staging(request).put(store_of(request).importable(file, group=group), name or "a text", group)
    if staged.lines:
        return staged
    _staging(request).drop(staged.id)
    return None


def _file_name(form: FormData) -> str:
    sent = form.get("file")
    return formats.oneline(sent.filename or "") if isinstance(sent, UploadFile) else ""


def _staging(request: Request) -> Staging:
    staging: Staging = request.app.state.staging
    return staging


def _over(request: Request) -> NotFound:
    message = "This import is not there any more: it was begun, or waited for over ten minutes. Send the file again."
    return NotFound(message, Urls.of(request).imports(), "Import a file")
