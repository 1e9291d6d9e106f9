"""The main job on real parts, from one command: `make demo` calls this."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from catalog import keys
from catalog.erasing import erase
from catalog.ml.sniffing import SUPPORTED
from catalog.models import Image
from config.processes import BASE_DIR, ProcessDied, Processes
from demo import report, seed, uploading
from demo.uploading import Photo

EXTENSIONS = {format.extension for format in SUPPORTED} | {".jpeg"}


class Command(BaseCommand):
    help = "Start everything, send sample photos through the API, and serve the result."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--photos", type=Path, help="a folder of your own photos")
        parser.add_argument("--encoder", default="", help="hub name or local folder of a model")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--serve", action=BooleanOptionalAction, default=True)
        parser.add_argument("--json", action="store_true", help="figures as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.console = Console(stderr=options["json"] and not sys.stdout.isatty())
        photos = own_photos(options["photos"]) if options["photos"] else sample_photos()
        encoder = options["encoder"] or settings.VITRINE_ENCODER
        port = free_port(options["port"])
        address = f"http://127.0.0.1:{port}"

        self.console.print("Preparing the database, people, policies and banks…")
        call_command("migrate", verbosity=0, interactive=False)
        logins = seed.people()
        seed.house_rules(mini=Path(encoder) == settings.MINI_MODEL)
        storefront = (
            seed.storefront(slug="your-photos", name="Your photos")
            if options["photos"]
            else seed.storefront(slug="demo", name="Demo storefront")
        )
        erase(Image.objects.of(storefront))  # a run starts with an empty shop

        self.console.print(f"Loading the encoder {encoder}…")
        environment = {"VITRINE_ENCODER": encoder}
        prepare(environment)
        processes = Processes(
            port=port, log_dir=settings.DATA_DIR / "logs", environment=environment
        )
        key, plaintext = keys.create_key(storefront=storefront, name="demo run")
        try:
            processes.start()
            wait_until_ready(address, processes)
            with self._progress() as bar:
                task = bar.add_task("Uploading", total=len(photos))
                sent = uploading.send(
                    photos=photos, address=address, key=plaintext, done=lambda: bar.advance(task)
                )
                if not sent.ids:
                    _, reason = sent.refused[0]
                    raise CommandError(f"No photo was accepted. The first answer: {reason}")
                waiting = bar.add_task("Tagging and screening", total=len(sent.ids))
                uploading.wait(
                    storefront=storefront,
                    total=len(sent.ids),
                    processes=processes,
                    progress=lambda done: bar.update(waiting, completed=done),
                )
            figures = report.summary(storefront=storefront, sent=sent)
            report.show(self.console, figures, sent)
            if options["serve"]:
                self._serve(address, logins, processes)
            if options["json"]:
                self.stdout.write(json.dumps(figures))
        except ProcessDied as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.console.print("\nStopping…")
        finally:
            processes.stop()
            keys.revoke(key=key)

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self.console,
        )

    def _serve(self, address: str, logins: list[seed.Login], processes: Processes) -> None:
        self.console.print(f"\nVitrine is at [bold]{address}[/bold]   (API: {address}/api/docs/)")
        for login in logins:
            self.console.print(f"  {login.username:<18} {login.password}   {login.purpose}")
        self.console.print("Ctrl-C stops everything.")
        while True:
            processes.check()
            time.sleep(1)


def sample_photos() -> list[Photo]:
    """The committed sample pictures, each with what it shows."""
    return [
        Photo(
            path=seed.HERE / entry["file"],
            sku=entry["sku"],
            title=entry["title"],
            label=entry["label"],
            flag=entry["flag"],
        )
        for entry in seed.manifest()["samples"]
    ]


def own_photos(folder: Path) -> list[Photo]:
    """Every picture below a folder of the user's."""
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder. Give --photos (PHOTOS=) one with photos.")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())
    if not paths:
        raise CommandError(f"{folder} has no photos ({', '.join(sorted(EXTENSIONS))}).")
    return [Photo(path) for path in paths]


def free_port(wanted: int) -> int:
    """The wanted port, or any free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CommandError("No port is free on 127.0.0.1.")


def prepare(environment: dict[str, str]) -> None:
    """Load the encoder in a process of its own: this one never imports torch."""
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare_encoder"],
        cwd=BASE_DIR,
        env={**os.environ, **environment},
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise CommandError("The encoder could not be loaded; the lines above say why.")


def wait_until_ready(address: str, processes: Processes) -> None:
    """Wait for the web process to answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        processes.check()
        try:
            if httpx.get(f"{address}/health/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise CommandError(f"The web process did not answer at {address} within a minute.")
