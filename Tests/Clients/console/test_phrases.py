"""Every sentence that the program can say to somebody in the console has a German one."""

import json
import re

from support.server import ROOT

# Where sentences are made that refusals and status messages of the console's pages have.
SPOKEN = [
    "Access/Policy", "Console", "Service/Beside", "Service/Components/EdgeAgent", "Service/Datasets",
    "Service/Hosting", "Service/Jobs", "Service/Operations", "Service/Packaging", "Service/State",
    "Service/Training", "Service/Users", "Service/PageTokens.swift", "Storage/StorageError.swift",
    "Storage/Objects/Directory/BucketFolder.swift", "Storage/Objects/Directory/CheckedFile.swift",
    "Storage/Objects/Directory/ObjectPath.swift", "Storage/Objects/Directory/ObjectPlace.swift",
    "Storage/Objects/S3/PeerErrors.swift", "Vision/Dataset", "Vision/Detector/Detector.swift",
    "Vision/Image", "Vision/Training", "Wire/Messages", "Wire/Shapes"]
# What is put around sentences that have a pattern of their own, or what no page shows.
FRAMES = {
    "{1} {2}.", "{1}: {2}", "{1} {2} of {3}: {4}", "Body: {1}", "The backbone {1} {2}.", "{1} cannot be used: {2}", "Configuration.Greengrass.ComponentVersion: {1}",
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"}
# Sentences and pieces whose words the program puts together.
COMPOSED = {
    "{1} validation error detected: {2}", "{1} validation errors detected: {2}",
    "{1} entry was", "{1} entries were", "{1} was", "{1} were", "{1} image", "{1} images",
    *(f"{what} {bound} than or equal to {{1}}"
      for what in ("value", "length") for bound in ("greater", "less"))}
FRAGMENT = re.compile(
    r"(is|has|names|needs|gives) .|(Member|Keys) must .|because no identity-based|with an explicit deny"
    r"|User: .*authorized|\{1\} faults")


def literals(text):
    """The texts of a Swift file, those that are added up joined; `{n}` stands for what is put in."""
    found, at = [], 0
    while at < len(text):
        if text.startswith("//", at):
            at = text.find("\n", at)
        elif text.startswith('"""', at):
            at = text.find('"""', at + 3) + 3
        elif text.startswith('#"', at):
            at = text.find('"#', at + 2) + 2
        elif text[at] == '"':
            words, end = literal(text, at)
            if found and re.fullmatch(r"\s*\+\s*", text[found[-1][1]:at]):
                found[-1] = (found[-1][0] + words, end)
            else:
                found.append((words, end))
            at = end
        else:
            at += 1
    for words, _ in found:
        places = iter(range(1, 100))
        yield re.sub("\0", lambda _: f"{{{next(places)}}}", words.strip())


def literal(text, at):
    words, at = "", at + 1
    while text[at] != '"':
        if text.startswith("\\(", at):
            depth, at = 1, at + 2
            while depth:
                if text[at] == '"':
                    at = literal(text, at)[1]
                    continue
                depth += (text[at] == "(") - (text[at] == ")")
                at += 1
            words += "\0"
        elif text[at] == "\\":
            words += {"n": "\n", "t": "\t"}.get(text[at + 1], text[at + 1])
            at += 2
        else:
            words += text[at]
            at += 1
    return words, at + 1


def spoken():
    stages = re.findall(
        r'Stage\(words: "(.*?)"', (ROOT / "Sources/Service/Training/TrainingStages.swift").read_text())
    assert len(stages) > 5
    said = {}
    for name in SPOKEN:
        place = ROOT / "Sources" / name
        for file in sorted(place.rglob("*.swift")) if place.is_dir() else [place]:
            if file.name == "TrainingStages.swift":
                continue
            for words in literals(file.read_text()):
                is_sentence = re.search(r"[\w)}'\"%…]\.$|: \{\d+\}$", words)
                is_job = file.name == "JobSubject.swift"
                is_stage = any(words.startswith(stage) for stage in stages)
                if " " in words and words not in FRAMES and not words.startswith("error=") and (
                        is_sentence or is_stage or is_job or FRAGMENT.match(words)):
                    said.setdefault(words, file.name)
    return said


def test_whatever_the_program_can_say_has_a_german_sentence():
    texts = json.loads((ROOT / "share/spotter/console/texts/de.json").read_text())
    german = {key: text for key, text in texts.items() if " " in key}
    said = spoken()
    assert len(said) > 150
    missing = {words: file for words, file in said.items() if words not in german}
    assert not missing, json.dumps(missing, indent=1, ensure_ascii=False)
    for pattern, text in german.items():
        assert sorted(re.findall(r"\{\d+\}", pattern)) == sorted(
            re.findall(r"\{\d+\}", text.replace(":word}", "}"))), pattern


def test_no_german_sentence_is_left_of_what_is_said_no_more():
    texts = json.loads((ROOT / "share/spotter/console/texts/de.json").read_text())
    sources = "\n".join(
        words for name in SPOKEN for file in (
            sorted((ROOT / "Sources" / name).rglob("*.swift")) if (ROOT / "Sources" / name).is_dir()
            else [ROOT / "Sources" / name]) for words in literals(file.read_text()))
    for pattern in texts:
        if " " in pattern and pattern not in FRAMES | COMPOSED:
            longest = max(re.split(r"\{\d+\}", pattern), key=len).strip()
            assert longest in sources, pattern
