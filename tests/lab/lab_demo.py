"""The demonstration: tests every sender of a laboratory and prints what HaveDANE says about each."""

import concurrent.futures
import signal
import sys
import threading
from pathlib import Path

from lab import PROBES, Lab, LabError, decided
from lab_net import STOP_SIGNALS

COLUMNS = ("sender", *PROBES, "TLS", "verdict", "expected")
WIDTHS = (10, 11, 11, 11, 33, 9, 0)
WAITING = "(no mail)"


def say(text=""):
    print(text, flush=True)


def print_row(cells):
    say("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS)).rstrip())


def outcome_words(probe):
    """How a probe's outcome is shown. That a message did not come says nothing of why, unless that is what was expected."""
    if probe["outcome"] == "not-delivered":
        return "refused" if probe["expect"] == "not-delivered" else "missing"
    return probe["outcome"]


def tls_words(test):
    """TLS of the deliveries, each kind once."""
    kinds = []
    for delivery in filter(None, (probe["delivery"] for probe in test["probes"])):
        tls = delivery["tls"]
        kind = f"{tls['protocol']} {tls['cipher']}" if tls else delivery["transport"]
        if kind not in kinds:
            kinds.append(kind)
    return ", ".join(kinds) or "-"


def row(name, test, expected):
    """(cells, whether the verdict is the expected one)"""
    outcomes = {probe["probe"]: outcome_words(probe) for probe in test["probes"]}
    verdict = test["verdict"]["result"]
    good = verdict == expected
    return (name, *(outcomes[probe] for probe in PROBES), tls_words(test), verdict,
            "ok" if good else f"{expected}: WRONG"), good


def try_sender(lab, name):
    """Tests one sender as a visitor would."""
    alias = lab.create()["alias"]
    lab.send(name, alias)
    return lab.wait(alias, decided, 90)


def table(lab):
    """Tests all senders at once and prints a row for each as its verdict comes in; whether all are as expected."""
    print_row(COLUMNS)
    unused = lab.create()["alias"]  # nobody sends to this one
    all_good = True
    pool = concurrent.futures.ThreadPoolExecutor(len(lab.senders))
    try:
        running = {pool.submit(try_sender, lab, name): name for name in lab.senders}
        for done in concurrent.futures.as_completed(running):
            name = running[done]
            try:
                cells, good = row(name, done.result(), lab.senders[name].verdict)
                print_row(cells)
            except (LabError, OSError) as error:
                say(f"{name:<{WIDTHS[0]}}  FAILED: {error}")
                good = False
            all_good = all_good and good
    finally:
        pool.shutdown(wait=False)  # when interrupted: without a lab, they end by themselves
    cells, good = row(WAITING, lab.get(unused), "waiting")
    print_row(cells)
    return all_good and good


def explain_page(lab):
    labctl = Path(sys.argv[0]).resolve()
    say(f"\nThe page is at {lab.url}/ until you press Ctrl-C. It shows an alias; to send to it from one of the senders,")
    say("run one of these in another terminal, with the alias in place of ALIAS:")
    for name in lab.senders:
        say(f"  {labctl} send {lab.dir} {name} ALIAS")


def wait_for_interrupt():
    """Returns on Ctrl-C, and when asked to end in another way."""
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(3600):
        pass


def demo(prefix, once, port):
    """Exit status: 0 when all verdicts are as expected."""
    say("Bringing up a small Internet in network namespaces: a signed zone and a validating resolver, a receiver that runs")
    say("HaveDANE, and senders, each a real Postfix ...")
    with Lab(prefix, port=0 if once else port) as lab:
        say(f"Up, in {lab.dir}. Each sender now mails the three addresses of a test of its own.\n")
        good = table(lab)
        if not good:
            say(f"\nNot all verdicts are as expected. The last lines of the logs:\n{lab.tails()}")
        if not once:
            explain_page(lab)
            wait_for_interrupt()
            say("\nTaking everything down.")
    return 0 if good else 1
