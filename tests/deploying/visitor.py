"""Signs up in a browser's way, and prints the address of the status page.

`python visitor.py ADDRESS COMPANY`. A program of its own, since it runs in another network.
"""

import re
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

HIDDEN = r'name="(csrf_token|form_token)"[^>]*value="([^"]+)"'


def main(address: str, company: str) -> None:
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    page = browser.open(f"{address}/sign-up", timeout=20).read().decode()
    form = {
        **dict(re.findall(HIDDEN, page)),
        "company": company, "name": "Kim Meyer", "email": "kim@meyer.example",
    }  # fmt: skip
    body = urllib.parse.urlencode(form).encode()
    with browser.open(f"{address}/sign-up", body, timeout=20) as answer:
        print(answer.url)


if __name__ == "__main__":
    main(*sys.argv[1:])
