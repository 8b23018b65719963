"""For any WSGI server: `wsgi:app`. `portal serve` needs it not."""

from portal import create_app

app = create_app()
