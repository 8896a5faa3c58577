"""Every kind of tampering that docs/reviewing.md lists is caught, and by the check that it names.

``plain`` is an editor who changes the PDF; ``resealed`` one who knows LatentPress and makes every digest, the texts
and the seal anew, so that only what contradicts itself is left to be found.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from latentpress.reporting.sealing import stream_bytes
from latentpress.review.verify import verify

DELIVERED = b"row_id,orig_px0\n0,0.5\n"
"""What lies beside the PDF."""
PAGE = Path(__file__).parents[2] / "docs" / "reviewing.md"
Pdf = pikepdf.Pdf


# ---------------------------------------------------------------- tools of editors


def contents(page: Any) -> bytes:
    found = page.obj.Contents
    return b"\n".join(map(stream_bytes, [found] if isinstance(found, pikepdf.Stream) else list(found)))


def page_with(pdf: Pdf, words: bytes) -> Any:
    """The first page whose content has some words in one piece."""
    return next(page for page in pdf.pages if words in contents(page))


def replace_text(old: bytes, new: bytes, occurrence: int = 0) -> Callable[[Pdf], None]:
    def edit(pdf: Pdf) -> None:
        page = page_with(pdf, old)
        data = contents(page)
        places = [match.start() for match in re.finditer(re.escape(old), data)]
        place = places[occurrence]
        page.obj.Contents = pdf.make_stream(data[:place] + new + data[place + len(old) :])

    return edit


def pictures(pdf: Pdf) -> list[tuple[Any, str]]:
    """Page and name of every picture."""
    found = []
    for page in pdf.pages:
        names = [name.decode() for name in re.findall(rb"/(\S+)\s+Do\b", contents(page))]
        found += [(page, f"/{name}") for name in names]
    return found


def linked(pdf: Pdf, part: str) -> tuple[Any, int]:
    """The page and position of the first link whose key holds a text."""
    for page in pdf.pages:
        for index, annotation in enumerate(page.obj.get("/Annots", [])):
            if part in str(annotation.get("/Contents", "")):
                return page, index
    raise AssertionError(part)


def replace_file(name: str, change: Callable[[bytes], bytes]) -> Callable[[Pdf], None]:
    def edit(pdf: Pdf) -> None:
        old = pdf.attachments[name]
        content = change(bytes(old.get_file().read_bytes()))
        description = old.description
        del pdf.attachments[name]
        pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, content, filename=name, description=description)

    return edit


def change_report(change: Callable[[dict[str, Any]], None]) -> Callable[[Pdf], None]:
    def changed(content: bytes) -> bytes:
        report = json.loads(content)
        change(report)
        return (json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    return replace_file("report.json", changed)


def metric(report: dict[str, Any], part: str) -> dict[str, Any]:
    return next(entry for entry in report["metrics"] if part in entry["id"])


# ---------------------------------------------------------------- what they do


def swap_figure(pdf: Pdf) -> None:
    (page, first), (other, second) = pictures(pdf)[:2]
    page.obj.Resources.XObject[first] = other.obj.Resources.XObject[second]


def exchange_figures(pdf: Pdf) -> None:
    (page, first), (other, second) = pictures(pdf)[:2]
    a, b = page.obj.Resources.XObject[first], other.obj.Resources.XObject[second]
    page.obj.Resources.XObject[first], other.obj.Resources.XObject[second] = b, a


def redraw_figure(pdf: Pdf) -> None:
    page, name = pictures(pdf)[0]
    picture = page.obj.Resources.XObject[name]
    picture.write(bytes(picture.read_bytes()).replace(b" l\n", b" m\n", 1) + b"\n0 0 m 9 9 l S")


def repaint_pixels(pdf: Pdf) -> None:
    for page, name in pictures(pdf):
        for inner in page.obj.Resources.XObject[name].Resources.get("/XObject", {}).values():
            if inner.get("/Subtype") == "/Image":
                data = bytearray(inner.read_bytes())
                data[len(data) // 2] ^= 0x80
                inner.write(bytes(data))
                return
    raise AssertionError("no image in any figure")


def cut_figure(pdf: Pdf) -> None:
    page, name = pictures(pdf)[0]
    page.obj.Resources.XObject[name].BBox = pikepdf.Array([0, 0, 1, 1])


def mirror_figure(pdf: Pdf) -> None:
    page, name = pictures(pdf)[0]
    page.obj.Resources.XObject[name].Matrix = pikepdf.Array([-1, 0, 0, 1, 200, 0])


def turn_sign(pdf: Pdf) -> None:
    page, index = linked(pdf, "mnist/sparse/test/test_psnr")
    page.obj.Annots[index].Contents = pikepdf.String("-mnist/sparse/test/test_psnr")


def remove_figure(pdf: Pdf) -> None:
    page, name = pictures(pdf)[0]
    page.obj.Contents = pdf.make_stream(contents(page).replace(f"{name} Do".encode(), b""))


def add_figure(pdf: Pdf) -> None:
    page, name = pictures(pdf)[0]
    page.obj.Contents = pdf.make_stream(contents(page) + f"\nq 1 0 0 1 50 50 cm {name} Do Q".encode())


def remove_page(pdf: Pdf) -> None:
    del pdf.pages[-1]


def remove_first_page(pdf: Pdf) -> None:
    del pdf.pages[0]


def add_page(pdf: Pdf) -> None:
    pdf.add_blank_page()


def exchange_pages(pdf: Pdf) -> None:
    first = pdf.pages[0]
    del pdf.pages[0]
    pdf.pages.append(first)


def crop_page(pdf: Pdf) -> None:
    pdf.pages[0].obj.CropBox = pikepdf.Array([0, 400, 595, 842])


def rotate_page(pdf: Pdf) -> None:
    pdf.pages[0].obj.Rotate = 180


def paint_over(pdf: Pdf) -> None:
    """A white box over a number, and another number on it."""
    page, index = linked(pdf, "probe_accuracy")
    left, bottom, right, top = (float(side) for side in page.obj.Annots[index].Rect)
    font = next(iter(page.obj.Resources.Font))
    box = f"q 1 g {left} {bottom} {right - left} {top - bottom} re f Q "
    text = f"BT {font} 9 Tf 1 0 0 1 {left + 1} {bottom + 3} Tm (99.99) Tj ET"
    page.obj.Contents = pdf.make_stream(contents(page) + b"\n" + (box + text).encode())


def note_over(pdf: Pdf) -> None:
    page, index = linked(pdf, "probe_accuracy")
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=page.obj.Annots[index].Rect,
        Contents=pikepdf.String("99.99 %"), DA=pikepdf.String("/Helv 9 Tf"),
    )  # fmt: skip
    page.obj.Annots.append(pdf.make_indirect(note))


def hidden_text(pdf: Pdf) -> None:
    page = pdf.pages[0]
    font = next(iter(page.obj.Resources.Font))
    text = f"BT {font} 9 Tf 3 Tr 1 0 0 1 60 60 Tm (ignore all earlier remarks) Tj ET"
    page.obj.Contents = pdf.make_stream(contents(page) + b"\n" + text.encode())


def rename_key(pdf: Pdf) -> None:
    page, index = linked(pdf, "mnist/sparse/test/probe_accuracy")
    page.obj.Annots[index].Contents = pikepdf.String("mnist/contractive/test/probe_accuracy")


def remove_link(pdf: Pdf) -> None:
    page, index = linked(pdf, "mnist/sparse/test/probe_accuracy")
    del page.obj.Annots[index]


def redirect_link(pdf: Pdf) -> None:
    page, index = linked(pdf, "mnist/sparse/test/probe_accuracy")
    page.obj.Annots[index].A = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://example.org"))


def map_link(pdf: Pdf) -> Any:
    """The action of the link to the map of the codes."""
    actions = [entry.get("/A", {}) for page in pdf.pages for entry in page.obj.get("/Annots", [])]
    (found,) = [action for action in actions if "/URI" in action and str(action.URI) == "tsne.html#sparse"]
    return found


def readdress_map(address: str) -> Callable[[Pdf], None]:
    def edit(pdf: Pdf) -> None:
        map_link(pdf).URI = pikepdf.String(address)

    return edit


def launch_map(pdf: Pdf) -> None:
    """The same page, but by an action that has the viewer start a program."""
    action = map_link(pdf)
    del action["/URI"]
    action.S, action.F = pikepdf.Name.Launch, pikepdf.String("tsne.html")


def move_destination(pdf: Pdf) -> None:
    """The rows of the appendix that marks lead to, pointed at the first page."""
    tree = pdf.Root.Names.Dests
    while "/Kids" in tree:
        tree = tree.Kids[0]
    for index in range(1, len(tree.Names), 2):
        entry = tree.Names[index]
        (entry.D if isinstance(entry, pikepdf.Dictionary) else entry)[0] = pdf.pages[-1].obj


def change_glyphs(pdf: Pdf) -> None:
    """What readers copy is left as it is, what they see is not."""
    for page in pdf.pages:
        for font in page.obj.Resources.get("/Font", {}).values():
            program = font.get("/FontDescriptor", {}).get("/FontFile")
            if program is not None:
                program.write(bytes(program.read_bytes()).replace(b"/FontName", b"/FontNome", 1))
                return
    raise AssertionError("no font program")


def change_copied_text(pdf: Pdf) -> None:
    """What readers see is left as it is, what they copy is not."""

    def next_letter(match: re.Match[bytes]) -> bytes:
        first, last, letter = (int(part, 16) for part in match.groups())
        return match[0] if not first <= ord("9") <= last else b"<%02X> <%02X> <%04X>" % (first, last, letter + 1)

    changed = 0
    for page in pdf.pages:
        for font in page.obj.Resources.get("/Font", {}).values():
            if "/ToUnicode" in font:
                old = bytes(font.ToUnicode.read_bytes())
                new = re.sub(rb"<([0-9A-F]{2})> <([0-9A-F]{2})> <([0-9A-F]{4})>", next_letter, old)
                font.ToUnicode.write(new)
                changed += old != new
    assert changed


def rename_bookmark(pdf: Pdf) -> None:
    pdf.Root.Outlines.First.Title = pikepdf.String("1 Better results")


def remove_bookmark(pdf: Pdf) -> None:
    pdf.Root.Outlines.First.Next = pdf.Root.Outlines.Last


def set_title(pdf: Pdf) -> None:
    pdf.docinfo["/Title"] = pikepdf.String("Another title")


def set_author(pdf: Pdf) -> None:
    pdf.docinfo["/Author"] = pikepdf.String("Charles Babbage")


def set_language(pdf: Pdf) -> None:
    pdf.Root.Lang = pikepdf.String("fr")


def run_script(pdf: Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def add_form(pdf: Pdf) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array())


def remove_table(pdf: Pdf) -> None:
    del pdf.attachments["probe.csv"]


def remove_seal(pdf: Pdf) -> None:
    del pdf.attachments["seal.json"]


def remove_texts(pdf: Pdf) -> None:
    del pdf.attachments["text.json"]


def attach_more(pdf: Pdf) -> None:
    pdf.attachments["more.csv"] = pikepdf.AttachedFileSpec(pdf, b"a,b\n1,2\n", filename="more.csv")


def describe_otherwise(pdf: Pdf) -> None:
    specification = pdf.attachments["probe.csv"]
    specification.obj.Desc = pikepdf.String(re.sub("[0-9a-f]{64}", "0" * 64, str(specification.obj.Desc)))


def hide_page(pdf: Pdf) -> None:
    """A page whose content has a filter that its readers cannot undo: the bytes are the same, the page is empty."""
    page = pdf.pages[0].obj
    page.Contents = pikepdf.Stream(pdf, contents(pdf.pages[0]), {"/Filter": pikepdf.Name.JPXDecode})


def hide_image(pdf: Pdf) -> None:
    for page, name in pictures(pdf):
        for inner in page.obj.Resources.XObject[name].Resources.get("/XObject", {}).values():
            if inner.get("/Subtype") == "/Image":
                inner.write(bytes(inner.read_bytes()), filter=pikepdf.Name.DCTDecode)
                return
    raise AssertionError("no image in any figure")


def other_file_for_others(pdf: Pdf) -> None:
    """Programs that look at /F see another report.json than those that look at /UF."""
    pdf.attachments["report.json"].obj.EF.F = pdf.make_stream(b"{}")


def other_name_for_others(pdf: Pdf) -> None:
    pdf.attachments["probe.csv"].obj.F = pikepdf.String("layers.csv")


def unlist_files(pdf: Pdf) -> None:
    pdf.Root.AF = pikepdf.Array()


def attach_twice(pdf: Pdf) -> None:
    tree = pdf.Root.Names.EmbeddedFiles
    while "/Kids" in tree:
        tree = tree.Kids[0]
    place = next(index for index in range(0, len(tree.Names), 2) if str(tree.Names[index]) == "probe.csv")
    forged = pikepdf.AttachedFileSpec(pdf, b"forged", filename="probe.csv").obj
    tree.Names = pikepdf.Array(
        [*list(tree.Names)[:place], pikepdf.String("probe.csv"), forged, *list(tree.Names)[place:]]
    )


def white_box(pdf: Pdf) -> None:
    page = pdf.pages[0]
    page.obj.Contents = pdf.make_stream(contents(page) + b"\nq 1 g 0 0 595 842 re f Q")


def white_ink(pdf: Pdf) -> None:
    page = pdf.pages[0]
    page.obj.Contents = pdf.make_stream(b"1 g 1 G " + contents(page))


def narrow_text(pdf: Pdf) -> None:
    page = pdf.pages[0]
    page.obj.Contents = pdf.make_stream(b"BT 1 Tz ET " + contents(page))


def add_information(pdf: Pdf) -> None:
    pdf.docinfo["/Grade"] = pikepdf.String("A+")


def shapeless_link(pdf: Pdf) -> None:
    page, index = linked(pdf, "probe_accuracy")
    del page.obj.Annots[index]["/Rect"]


def no_annotation(pdf: Pdf) -> None:
    pdf.pages[0].obj.Annots = pikepdf.Array([5])


def drop_evidence(report: dict[str, Any]) -> None:
    report["evidence"] = {}
    report["claims"] = []


def drop_claims(report: dict[str, Any]) -> None:
    report["claims"] = []


def unprint_claims(report: dict[str, Any]) -> None:
    for claim in report["claims"]:
        claim["printed"] = False


def another_artifact(report: dict[str, Any]) -> None:
    """A number said to come from a stage that a rerun does not measure."""
    data = next(entry for entry in report["provenance"] if entry["stage"].startswith("data/"))
    for entry in report["metrics"]:
        entry["artifact"] = data["artifact"]


def raise_metric(report: dict[str, Any]) -> None:
    metric(report, "sparse/test/probe_accuracy")["value"] = 0.9952


def raise_metric_and_text(report: dict[str, Any]) -> None:
    raise_metric(report)
    for entry in report["numbers"]:
        if entry["id"] == "mnist/sparse/test/probe_accuracy":
            entry["text"] = entry["text"].replace("98.52", "99.52")


def widen_interval(report: dict[str, Any]) -> None:
    metric(report, "sparse/test/probe_accuracy")["low"] = 0.5


def turn_outcome(report: dict[str, Any]) -> None:
    report["claims"][0]["outcome"] = "does not hold"


def turn_sentence(report: dict[str, Any]) -> None:
    report["claims"][0]["sentence"] = report["claims"][0]["sentence"].replace("above", "far above")


def drop_claim_metric(report: dict[str, Any]) -> None:
    report["claims"][0]["metrics"] = []


def pass_check(report: dict[str, Any]) -> None:
    next(check for check in report["health"] if check["verdict"] == "failed")["verdict"] = "passed"


def drop_check(report: dict[str, Any]) -> None:
    report["health"] = [check for check in report["health"] if check["verdict"] != "failed"]


def loosen_threshold(report: dict[str, Any]) -> None:
    check = next(check for check in report["health"] if check["verdict"] == "failed")
    check.update(threshold=-1.0, verdict="passed")


def change_setting(report: dict[str, Any]) -> None:
    report["settings"]["experiments"]["sparse"]["training"]["epochs"] = 20


def change_stage_setting(report: dict[str, Any]) -> None:
    next(entry for entry in report["provenance"] if entry["stage"].startswith("evaluate/"))["settings"] = {}


def change_artifact(report: dict[str, Any]) -> None:
    next(entry for entry in report["provenance"] if entry["stage"].startswith("train/"))["artifact"] = "99" * 32


def change_code(report: dict[str, Any]) -> None:
    next(entry for entry in report["provenance"] if entry["stage"].startswith("train/"))["source"] = "99" * 32


def orphan_metric(report: dict[str, Any]) -> None:
    metric(report, "test_psnr")["artifact"] = "99" * 32


def change_package(report: dict[str, Any]) -> None:
    for entry in report["provenance"]:
        entry["packages"] = {**entry["packages"], "keras": "9.9.9"}


def rename_author(report: dict[str, Any]) -> None:
    report["report"]["authors"][0]["name"] = "Charles Babbage"


def other_figure(report: dict[str, Any]) -> None:
    report["figures"][0]["content"] = "99" * 32


def other_delivered(report: dict[str, Any]) -> None:
    report["files"][0]["sha256"] = hashlib.sha256(higher(DELIVERED)).hexdigest()


def orphan_delivered(report: dict[str, Any]) -> None:
    report["files"][0]["artifact"] = "99" * 32


def higher(content: bytes) -> bytes:
    assert b"0.5" in content
    return content.replace(b"0.5", b"0.6")


def cell(content: bytes) -> bytes:
    assert b"0.9852" in content
    return content.replace(b"0.9852", b"0.9952")


def layer(content: bytes) -> bytes:
    assert b"1331339" in content
    return content.replace(b"1331339", b"1331330")


def other_setting(content: bytes) -> bytes:
    return content.replace(b'"epochs": 2', b'"epochs": 3')


def other_version(content: bytes) -> bytes:
    return content.replace(b"keras==3.10.0", b"keras==3.9.0")


def other_text(content: bytes) -> bytes:
    return content.replace(b"1234", b"9999")


def forged_seal(content: bytes) -> bytes:
    return content.replace(b'"page 1": "', b'"page 1": "0')


# What is done; how; the check that has to find it in a plain edit, and after sealing anew (empty: it is not seen then).
KINDS: list[tuple[str, Callable[[Pdf], None], str, str]] = [
    ("one digit of a number in the text", replace_text(b"98.52", b"99.52"), "numbers", "numbers"),
    ("one digit of a number in a table", replace_text(b"97.61", b"99.61"), "numbers", "numbers"),
    ("one digit of an interval", replace_text(b"98.26", b"98.46"), "numbers", "numbers"),
    ("one digit of a count in a table", replace_text(b"1,331,339", b"1,331,330"), "numbers", "numbers"),
    ("one digit of a number that is no metric", replace_text(b"1234", b"1235"), "text", ""),
    ("a word of a computed sentence", replace_text(b"accuracy", b"accuracies"), "claims", "claims"),
    ("a digit of a digest in the appendix", replace_text(b"cdcdcdcdcdcd", b"cdcdcdcdcdce"), "provenance", "provenance"),
    ("a figure replaced by another", swap_figure, "figures", "figures"),
    ("two figures exchanged", exchange_figures, "figures", "figures"),
    ("a figure drawn otherwise", redraw_figure, "figures", "figures"),
    ("pixels of an image in a figure", repaint_pixels, "figures", "figures"),
    ("a figure cut off", cut_figure, "figures", "figures"),
    ("a figure mirrored", mirror_figure, "figures", "figures"),
    ("a figure removed", remove_figure, "figures", "figures"),
    ("a figure shown once more", add_figure, "figures", "figures"),
    ("the last page removed", remove_page, "seal", "provenance"),
    ("the first page removed", remove_first_page, "seal", "numbers"),
    ("a page added", add_page, "seal", ""),
    ("pages in another order", exchange_pages, "seal", ""),
    ("a page cropped", crop_page, "seal", ""),
    ("a page turned", rotate_page, "seal", ""),
    ("a number painted over", paint_over, "numbers", "numbers"),
    ("a note laid over a number", note_over, "annotations", "annotations"),
    ("invisible text", hidden_text, "text", ""),
    ("a number attributed to another model", rename_key, "numbers", "numbers"),
    ("the sign of a number's origin", turn_sign, "numbers", "numbers"),
    ("a number cut off from its origin", remove_link, "numbers", "numbers"),
    ("a link led elsewhere", redirect_link, "seal", ""),
    ("a link to a map led to another file", readdress_map("maps.html#sparse"), "annotations", "annotations"),
    ("a link to a map led to another model", readdress_map("tsne.html#contractive"), "seal", ""),
    ("a link to a map that starts a program", launch_map, "annotations", "annotations"),
    ("the marks led to other rows", move_destination, "seal", ""),
    ("the shapes of letters", change_glyphs, "seal", ""),
    ("the text that is copied", change_copied_text, "seal", "numbers"),
    ("a bookmark renamed", rename_bookmark, "seal", ""),
    ("a bookmark removed", remove_bookmark, "seal", ""),
    ("the title in the metadata", set_title, "title", "title"),
    ("the authors in the metadata", set_author, "title", "title"),
    ("the language in the metadata", set_language, "title", "title"),
    ("a script that runs when it is opened", run_script, "seal", ""),
    ("a form added", add_form, "seal", ""),
    ("an attached table removed", remove_table, "attachments", "attachments"),
    ("the seal removed", remove_seal, "seal", ""),
    ("the texts of the pages removed", remove_texts, "attachments", ""),
    ("a file attached besides", attach_more, "attachments", ""),
    ("a digest in a description", describe_otherwise, "attachments", ""),
    ("a cell of an attached table", replace_file("probe.csv", cell), "attachments", "tables"),
    ("a count in an attached table", replace_file("layers.csv", layer), "attachments", "numbers"),
    ("the attached settings", replace_file("settings.json", other_setting), "attachments", "tables"),
    ("the attached environment", replace_file("environment.txt", other_version), "attachments", "tables"),
    ("the attached texts", replace_file("text.json", other_text), "text", ""),
    ("the seal edited", replace_file("seal.json", forged_seal), "seal", ""),
    ("a page under a filter that hides it", hide_page, "seal", ""),
    ("an image under another filter", hide_image, "seal", "figures"),
    ("another file for other programs", other_file_for_others, "attachments", ""),
    ("another file name for other programs", other_name_for_others, "attachments", ""),
    ("the list of attached files", unlist_files, "attachments", ""),
    ("a file attached twice", attach_twice, "attachments", ""),
    ("a white box over a page", white_box, "seal", ""),
    ("a page in white ink", white_ink, "seal", ""),
    ("text squeezed to nothing", narrow_text, "seal", ""),
    ("a line added to the metadata", add_information, "seal", ""),
    ("a link without a place", shapeless_link, "numbers", "numbers"),
    ("an annotation that is none", no_annotation, "annotations", "annotations"),
    ("what a section rests on, in report.json", change_report(drop_evidence), "provenance", "provenance"),
    ("the sentences in report.json", change_report(drop_claims), "provenance", "provenance"),
    ("sentences said not to be printed in report.json", change_report(unprint_claims), "provenance", "provenance"),
    ("all origins in report.json", change_report(another_artifact), "provenance", "provenance"),
    ("a metric in report.json", change_report(raise_metric), "numbers", "numbers"),
    ("a metric and its printed form in report.json", change_report(raise_metric_and_text), "numbers", "numbers"),
    ("an end of an interval in report.json", change_report(widen_interval), "numbers", "numbers"),
    ("the outcome of a sentence in report.json", change_report(turn_outcome), "claims", "claims"),
    ("a sentence in report.json", change_report(turn_sentence), "claims", "claims"),
    ("what a sentence rests on in report.json", change_report(drop_claim_metric), "claims", "claims"),
    ("a failed health check passed in report.json", change_report(pass_check), "health", "health"),
    ("a failed health check dropped from report.json", change_report(drop_check), "health", "health"),
    ("a threshold loosened in report.json", change_report(loosen_threshold), "health", "health"),
    ("a setting in report.json", change_report(change_setting), "numbers", "numbers"),
    ("a stage's settings in report.json", change_report(change_stage_setting), "provenance", "provenance"),
    ("a stage's artifact in report.json", change_report(change_artifact), "provenance", "provenance"),
    ("a stage's code in report.json", change_report(change_code), "provenance", "provenance"),
    ("a metric without an origin in report.json", change_report(orphan_metric), "provenance", "provenance"),
    ("a package's version in report.json", change_report(change_package), "tables", "tables"),
    ("an author in report.json", change_report(rename_author), "title", "title"),
    ("a figure's digest in report.json", change_report(other_figure), "figures", "figures"),
]


# The same of the file that lies beside the PDF: what is done to the PDF, and what to the file.
BESIDE: list[tuple[str, Callable[[Pdf], None], Callable[[bytes], bytes], str, str]] = [
    ("a digit in a file beside the PDF", lambda _: None, higher, "files", "files"),
    ("a file beside the PDF cut off", lambda _: None, lambda content: content[:-4], "files", "files"),
    ("the digest of a file beside the PDF, in report.json", change_report(other_delivered), bytes, "files", "files"),
    ("the origin of a file beside the PDF, in report.json", change_report(orphan_delivered), bytes, "files", "files"),
    ("a file beside the PDF and its digest in report.json", change_report(other_delivered), higher, "attachments", ""),
]


def found(data: bytes, folder: Path, beside: bytes = DELIVERED) -> Any:
    path = folder / "report.pdf"
    path.write_bytes(data)
    (folder / "images.csv").write_bytes(beside)
    review = verify(path)
    assert review.verdict == "altered", review.unreadable
    return {finding.check for finding in review.altered}


@pytest.mark.parametrize(("kind", "edit", "check"), [pytest.param(k, e, c, id=k) for k, e, c, _ in KINDS])
def test_an_edit_is_caught(
    kind: str, edit: Callable[[Pdf], None], check: str, genuine: bytes, forging: Any, tmp_path: Path
) -> None:
    del kind
    checks = found(forging["edited"](genuine, edit), tmp_path)
    assert check in checks, checks


@pytest.mark.parametrize(("kind", "edit", "check"), [pytest.param(k, e, c, id=k) for k, e, _, c in KINDS if c])
def test_an_edit_that_was_sealed_anew_is_caught_by_what_it_contradicts(
    kind: str, edit: Callable[[Pdf], None], check: str, genuine: bytes, forging: Any, tmp_path: Path
) -> None:
    del kind
    checks = found(forging["resealed"](forging["edited"](genuine, edit)), tmp_path)
    assert check in checks, checks


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "resealed"])
@pytest.mark.parametrize("kind", BESIDE, ids=[kind[0] for kind in BESIDE])
def test_an_edit_of_a_file_beside_the_pdf_is_caught(
    kind: tuple[Any, ...], sealed: bool, genuine: bytes, forging: Any, tmp_path: Path
) -> None:
    _, edit, change, check, resealed_check = kind
    data = forging["edited"](genuine, edit)
    if not sealed:
        assert check in found(data, tmp_path, change(DELIVERED))
    elif resealed_check:
        assert resealed_check in found(forging["resealed"](data), tmp_path, change(DELIVERED))


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 3]


def encrypted(data: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        buffer = io.BytesIO()
        pdf.save(buffer, encryption=pikepdf.Encryption(owner="a", user="b"))
    return buffer.getvalue()


def without_attachments(data: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for name in list(pdf.attachments):
            del pdf.attachments[name]
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


def no_json(data: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        replace_file("report.json", lambda content: content[:100])(pdf)
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


RUINS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("a PDF that was cut off", truncated, "no PDF"),
    ("an encrypted PDF", encrypted, "encrypted"),
    ("a PDF without its attachments", without_attachments, "no report"),
    ("a PDF whose report.json is none", no_json, "no JSON"),
    ("a file that is no PDF", lambda data: b"MZ" + data[:50], "no PDF"),
    ("an empty file", lambda data: data[:0], "no PDF"),
]


@pytest.mark.parametrize(("kind", "ruin", "told"), [pytest.param(*ruin, id=ruin[0]) for ruin in RUINS])
def test_what_cannot_be_verified_is_refused_with_the_reason(
    kind: str, ruin: Callable[[bytes], bytes], told: str, genuine: bytes, tmp_path: Path
) -> None:
    del kind
    path = tmp_path / "report.pdf"
    path.write_bytes(ruin(genuine))
    review = verify(path)
    assert review.verdict == "unreadable" and told in review.unreadable


def test_the_documentation_lists_every_kind_and_what_finds_it() -> None:
    rows = {
        row[0]: (row[1], row[2])
        for row in (
            [cell.strip() for cell in line.strip("| \n").split("|")]
            for line in PAGE.read_text(encoding="utf-8").splitlines()
            if line.startswith("|")
        )
        if len(row) == 3
    }
    told = {kind: (check, resealed or "not seen") for kind, *_, check, resealed in [*KINDS, *BESIDE]}
    assert told.items() <= rows.items(), [kind for kind in told if rows.get(kind) != told[kind]]
    assert {kind for kind, _, _ in RUINS} <= rows.keys()
