from portal.web.app import init_app

__all__ = ["init_app"]
