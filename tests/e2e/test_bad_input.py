# SPDX-License-Identifier: Apache-2.0
"""What goes wrong is told in one clear line: what was tried, on what, why, what to do; and the exit code says so."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from harness import BUILD, ENVIRONMENT, NOBODY, QTAP_MINI, Process, ledger_of, qtap_mini, run_as

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else or to mount")


def errors(result):
    return [line for line in result.stderr.splitlines() if line.startswith("qtap-mini: error: ")]


def the_error(result, code=1):
    assert result.returncode == code, (result.stdout, result.stderr)
    found = errors(result)
    assert len(found) == 1, result.stderr
    assert len(found[0]) > len("qtap-mini: error: ") + 20
    return found[0]


# ---- privileges and the machine


@needs_root
@pytest.mark.live
def test_an_unprivileged_start_names_the_missing_capabilities(public_copy):
    error = the_error(run_as(NOBODY, public_copy))
    assert "CAP_BPF" in error and "CAP_PERFMON" in error


@needs_root
@pytest.mark.live
@pytest.mark.parametrize("missing", ["bpf", "perfmon"])
def test_root_without_a_capability_is_told_which(public_copy, missing):
    # CAP_SYS_ADMIN stands in for both of them, see capabilities(7).
    error = the_error(run_as(["setpriv", f"--bounding-set=-{missing},-sys_admin"], public_copy))
    assert f"CAP_{missing.upper()}" in error


@needs_root
@pytest.mark.live
@pytest.mark.parametrize("proc", [["--mount-proc"], []], ids=["own-proc", "proc-of-the-host"])
def test_inside_a_pid_namespace_the_remedy_is_named(proc):
    """BPF tells the host's pids. With the host's /proc they would be found, but not our own: getpid() is another."""
    result = subprocess.run(["unshare", "--pid", "--fork", *proc, QTAP_MINI, "--all"], capture_output=True, text=True,
                            timeout=60, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    error = the_error(result)
    assert "/proc/self/ns/pid is pid:[" in error and "--pid=host" in error


def libraries_of(program):
    out = subprocess.run(["ldd", program], check=True, capture_output=True, text=True,
                         env={**ENVIRONMENT, "LD_LIBRARY_PATH": str(BUILD)}).stdout
    return re.findall(r"(?:=> )?(/\S+) \(0x", out)


@needs_root
@pytest.mark.live
def test_no_libssl_is_a_warning_and_sockets_are_still_captured():
    """In a root directory with nothing but qtap-mini, and a process table with nothing but itself."""
    # Not a pid namespace, in which it would not start: its own folder of /proc, which exec keeps.
    with tempfile.TemporaryDirectory(prefix="qtap-e2e-") as name:
        root = pathlib.Path(name)
        for library in libraries_of(QTAP_MINI):
            target = root / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)
        shutil.copy(QTAP_MINI, root)
        (root / "proc").mkdir()
        (root / "sys").mkdir()
        script = ('mount -t tmpfs tmpfs "$1/proc" && mkdir "$1/proc/$$" && mount --bind "/proc/$$" "$1/proc/$$" && '
                  'ln -s $$ "$1/proc/self" && mount --rbind /sys "$1/sys" && exec chroot "$1" /qtap-mini --all')
        argv = ["unshare", "--mount", "sh", "-c", script, "sh", root]
        with Process(argv, env={**ENVIRONMENT, "LD_LIBRARY_PATH": str(BUILD)}) as process:
            warning = process.wait_for_line(process.err, "^warning: .*").group()
            assert "libssl" in warning
            process.wait_for_line(process.err, "^ready: .*socket")
            assert process.stop() == 0


# ---- the command line and the configuration


def test_an_unknown_flag():
    assert "--colour" in the_error(qtap_mini("--colour"), 2)


def test_a_flag_without_its_value():
    assert "--objects" in the_error(qtap_mini("--objects"), 2)


def test_a_misspelt_option():
    error = the_error(qtap_mini("--set", "tap.dirction=all"), 2)
    assert 'unknown key "dirction" in tap' in error and 'did you mean "direction"?' in error


def test_a_value_out_of_range():
    assert "4gb is above the maximum 2gb" in the_error(qtap_mini("--http-buffer-size", "4gb"), 2)


def test_every_mistake_of_a_file_has_its_position(tmp_path):
    file = tmp_path / "qtap.yaml"
    file.write_text("version: 2\ntap:\n  dirction: all\n  ignore_loopback: maybe\n")
    result = qtap_mini("--config", file)
    assert result.returncode == 2
    first, second = errors(result)
    assert f"{file}:3:3: error: unknown key" in first and '"direction"' in first
    assert f"{file}:4:" in second and "maybe" in second


def test_a_missing_configuration_file():
    error = the_error(qtap_mini("--config", "/nonexistent/qtap.yaml"), 2)
    assert "/nonexistent/qtap.yaml" in error and "No such file" in error


def test_the_environment_names_a_configuration(recording, tmp_path):
    file = tmp_path / "qtap.yaml"
    file.write_text("services: { event_stores: [{ type: stdout }] }\n"
                    "stacks: { main: { plugins: [{ type: report_usage }] } }\n"
                    "tap: { http: { stack: main } }\n")
    result = qtap_mini("--replay", recording, env={"QPOINT_CONFIG": str(file)})
    assert result.returncode == 0, result.stderr
    assert '"eventType":"request"' in result.stdout


# ---- recordings


def test_a_missing_recording(tmp_path):
    error = the_error(qtap_mini("--replay", tmp_path / "none.qrec"))
    assert str(tmp_path / "none.qrec") in error and "No such file" in error


def test_a_name_cannot_drive_the_terminal(tmp_path):
    """In what qtap-mini says about it; C0, DEL and C1, as a character and as a byte."""
    result = qtap_mini("--replay", tmp_path / os.fsdecode(b"\x1b[2J\x7f\xc2\x9b2J/\x9b2J \xc3\xa9.qrec"))
    error = the_error(result)
    assert r"\x1b[2J\x7f\x9b2J/\x9b2J é.qrec" in error
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stderr)


def test_a_folder_is_no_recording(tmp_path):
    assert str(tmp_path) in the_error(qtap_mini("--replay", tmp_path))


@needs_root
def test_a_recording_that_one_may_not_read(recording, public_copy):
    copy = public_copy / "secret.qrec"
    shutil.copy(recording, copy)
    copy.chmod(0o600)
    assert "Permission denied" in the_error(run_as(NOBODY, public_copy, "--replay", copy))


@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096], ids=["empty", "text", "zeros"])
def test_a_file_that_is_no_recording(content, tmp_path):
    file = tmp_path / "other.qrec"
    file.write_bytes(content)
    assert str(file) in the_error(qtap_mini("--replay", file))


def test_a_truncated_recording_gives_what_is_left_and_an_error(recording, tmp_path):
    whole = recording.read_bytes()
    file = tmp_path / "short.qrec"
    file.write_bytes(whole[:-3])
    result = qtap_mini("--replay", file, "--all", "--json")
    error = the_error(result)
    assert str(file) in error and re.search(r"\d", error)  # with the position
    assert '"eventType":"connection"' in result.stdout  # nothing else is lost
    assert ledger_of(result.stderr.splitlines())["seen"] > 0


def test_a_recording_may_end_anywhere_without_harm(recording, tmp_path):
    """Every prefix: an error or a shorter result, never a crash."""
    whole = recording.read_bytes()
    file = tmp_path / "short.qrec"
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        file.write_bytes(whole[:size])
        result = qtap_mini("--replay", file, "--all")
        assert result.returncode in (0, 1), (size, result)
        assert len(errors(result)) == result.returncode


def test_a_corrupt_recording_is_told_with_its_position(recording, tmp_path):
    """A flipped bit anywhere: an error or a result, never a crash; in a length it is noticed."""
    whole = recording.read_bytes()
    file = tmp_path / "corrupt.qrec"
    noticed = 0
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1:])
        result = qtap_mini("--replay", file, "--all")
        assert result.returncode in (0, 1), (at, result)
        assert len(errors(result)) == result.returncode
        noticed += result.returncode
    assert noticed > 0


# ---- stores that fail


def test_an_object_folder_that_is_a_file(recording, tmp_path):
    file = tmp_path / "objects"
    file.write_text("in the way")
    assert str(file) in the_error(qtap_mini("--replay", recording, "--objects", file))


@pytest.fixture
def mounted(tmp_path):
    """A function that mounts a small file system; it is gone after the test."""
    point = tmp_path / "mounted"
    point.mkdir()

    def mount(options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", point], check=True, timeout=30)
        return point

    yield mount
    while os.path.ismount(point):
        subprocess.run(["umount", "--lazy", point], check=True, timeout=30)


@needs_root
def test_a_read_only_object_folder(recording, mounted):
    folder = mounted("ro,size=1m")
    error = the_error(qtap_mini("--replay", recording, "--objects", folder))
    assert str(folder) in error and "Read-only file system" in error


@needs_root
def test_a_full_object_folder_loses_the_object_only(recording, mounted):
    folder = mounted("size=64k")
    with open(folder / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass
    result = qtap_mini("--replay", recording, "--json", "--all", "--objects", folder,
                       "--set", "sink.retry.max_attempts=1")
    assert "No space left on device" in result.stderr
    assert '"stored":false' in result.stdout
    assert '"eventType":"request"' in result.stdout  # the rest goes on
    assert result.returncode == 0
    ledger = ledger_of(result.stderr.splitlines())
    assert ledger["dropped"] == 1 and ledger["transactions"] == 1
    assert not [path for path in folder.rglob("*") if path.is_file() and path.name != "filler"]


def test_a_full_stdout_is_told_and_counted(recording, tmp_path):
    with open("/dev/full", "w", encoding="ascii") as full:
        result = qtap_mini("--replay", recording, "--all", "--json", "--objects", tmp_path / "objects", stdout=full)
    assert "No space left on device" in result.stderr
    assert ledger_of(result.stderr.splitlines())["dropped"] > 0
    assert any(path.is_file() for path in (tmp_path / "objects").rglob("*"))  # the other store has everything


def test_a_closed_stdout_is_told_and_counted(recording, tmp_path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w", encoding="ascii") as closed:
        result = qtap_mini("--replay", recording, "--all", "--json", "--objects", tmp_path / "objects", stdout=closed)
    assert result.returncode >= 0, "killed by a signal"
    assert "Broken pipe" in result.stderr
    assert ledger_of(result.stderr.splitlines())["dropped"] > 0
    assert any(path.is_file() for path in (tmp_path / "objects").rglob("*"))


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("kind", ["closed", "full"])
def test_an_only_output_that_is_gone_is_a_failure(recording, flags, kind):
    if kind == "full":
        output = os.open("/dev/full", os.O_WRONLY)
    else:
        read_end, output = os.pipe()
        os.close(read_end)
    with open(output, "w", encoding="ascii") as stdout:
        result = qtap_mini("--replay", recording, "--all", *flags, stdout=stdout)
    reason = {"closed": "Broken pipe", "full": "No space left on device"}[kind]
    assert result.returncode == 1, result.stderr
    # Told when it happened by the library, once, and at the end by qtap-mini.
    told, last = errors(result)
    assert reason in told and "dropped and counted" in told
    assert last == "qtap-mini: error: QT094: write to standard output: " + reason
    assert ledger_of(result.stderr.splitlines())["dropped"] > 0


def test_a_second_output_makes_up_for_a_closed_stdout(recording, tmp_path):
    with open("/dev/full", "w", encoding="ascii") as full:
        result = qtap_mini("--replay", recording, "--all", "--objects", tmp_path / "objects", stdout=full)
    assert result.returncode == 0, result.stderr
    assert ledger_of(result.stderr.splitlines())["dropped"] > 0
    assert any(path.is_file() for path in (tmp_path / "objects").rglob("*"))


def test_a_record_file_that_cannot_be_made(recording, tmp_path):
    target = tmp_path / "none" / "copy.qrec"
    assert str(target) in the_error(qtap_mini("--replay", recording, "--record", target))


def test_a_failed_start_leaves_an_existing_recording(public_copy):
    """Live capture without the privileges for it, towards the file of an earlier run."""
    public_copy.chmod(0o777)
    target = public_copy / "earlier.qrec"
    target.write_bytes(b"precious")
    target.chmod(0o666)
    prefix = NOBODY if os.geteuid() == 0 else []
    the_error(run_as(prefix, public_copy, "--record", target))
    assert target.read_bytes() == b"precious"
    assert sorted(path.name for path in public_copy.iterdir()) == ["earlier.qrec", "libqtap.so.0", "qtap-mini"]


def test_a_recording_is_not_recorded_over_itself(recording, tmp_path):
    file = tmp_path / "a.qrec"
    shutil.copy(recording, file)
    error = the_error(qtap_mini("--replay", file, "--record", tmp_path / "." / "a.qrec"), 2)
    assert "capture.record_file" in error and "capture.replay_file" in error
    assert file.read_bytes() == recording.read_bytes()
