"""The one page that the pager shows itself: what a link is about, and the button that does it."""

from html import escape

from fastapi.responses import HTMLResponse

_STYLE = (
    "body{font:18px/1.5 system-ui;margin:3rem auto;max-width:32rem;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.2rem}:root{color-scheme:light dark}"
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
