"""The one page that the pager shows itself: what a link is about, and the button that does it."""

from html import escape

from fastapi.responses import HTMLResponse

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:18px/1.5 system-ui;margin:2rem auto;max-width:32rem;padding:0 1rem;"
    "background:light-dark(#f7f6f3,#101216);color:light-dark(#1b1d22,#e8e6e1)}"
    "h1{font-size:1.6rem;line-height:1.2;overflow-wrap:anywhere}"
    "button{font:inherit;font-weight:650;width:100%;min-height:3.5rem;border:0;border-radius:10px;"
    "background:light-dark(#8f4700,#f2b04a);color:light-dark(#fff,#1b1300)}"
    "button:focus-visible{outline:3px solid currentcolor;outline-offset:-6px}"
)


def link_page(title: str, text: str, *, button: str = "", status: int = 200) -> HTMLResponse:
    """A whole page. Nothing is loaded from anywhere, and nobody is told where it was opened from."""
    form = f'<form method="post"><button>{escape(button)}</button></form>' if button else ""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</main>",
        status_code=status,
        headers={
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline';"
            " form-action 'self'; frame-ancestors 'none'",
        },
    )
