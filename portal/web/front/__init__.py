"""What stands between the outside and the application.

compression    which answers are compressed, and which never
encodings      what a client can unpack, by its header `Accept-Encoding`
hourly         a line of the log that many requests could cause
path_prefix    the path below which the portal is
proxies        the client's address behind proxies, and a line if their number is wrong
static_files   static files: compressed once, kept by browsers for a year
"""

from portal.web.front import compression, proxies, static_files
from portal.web.front.path_prefix import PathPrefix, path_inside
from portal.web.front.proxies import ProxyWatch

__all__ = [
    "PathPrefix", "ProxyWatch", "compression", "path_inside", "proxies", "static_files",
]  # fmt: skip
