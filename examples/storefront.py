"""A shop of one page: python examples/storefront.py https://vitrine.example vt_test_… photos/

It shows the photos of a folder that may be shown, and finds them by words. The folder's own copies
are served: Vitrine judges photos, it does not deliver them.
"""

import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from vitrine_client import Photo, Refused, Vitrine

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
<h1>A shop</h1><form><label>Find <input name="q" value="{q}"></label> <button>Search</button></form>
<p>{note}</p><ul>{items}</ul></html>"""
ITEM = '<li><img src="/photos/{src}" alt="{alt}" width="200"><br>{text}</li>'


class Shop(BaseHTTPRequestHandler):
    """Set `vitrine` and `folder` before serving."""

    vitrine: Vitrine
    folder: Path

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path.startswith("/photos/"):
            photo = self.folder / Path(unquote(address.path)).name
            return self.answer(photo.read_bytes() if photo.is_file() else b"", "image/jpeg")
        q = parse_qs(address.query).get("q", [""])[0]
        try:
            found = list(self.vitrine.search(q) if q else self.vitrine.photos(status="live"))
            note = f"{len(found)} photos"
        except Refused as refused:
            found, note = [], str(refused)
        page = PAGE.format(q=escape(q), note=escape(note), items="".join(map(item, found)))
        self.answer(page.encode(), "text/html; charset=utf-8")

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)


def item(photo: Photo) -> str:
    text = photo.categories[0] if photo.categories else photo.filename
    return ITEM.format(src=quote(photo.filename), alt=escape(photo.alt_text), text=escape(text))


if __name__ == "__main__":
    Shop.vitrine, Shop.folder = Vitrine(sys.argv[1], sys.argv[2]), Path(sys.argv[3])
    for path in sorted(Shop.folder.glob("*.jpg")):
        print(path.name, Shop.vitrine.upload(path, sku=path.stem, wait=10).status)
    print("http://127.0.0.1:8080")
    ThreadingHTTPServer(("127.0.0.1", 8080), Shop).serve_forever()
