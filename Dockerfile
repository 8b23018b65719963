FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PORTAL_DATA_DIR=/data

WORKDIR /app

# The dependencies change rarely, so they are a layer of their own, which Docker caches.
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock

# Only what .dockerignore does not exclude.
COPY . .
RUN pip install --no-deps .

# The portal writes only to the data folder.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --mode 0700 /data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000

# Without the proxies that the environment may name: they cannot reach this container's own port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "\
import urllib.request as http; \
http.build_opener(http.ProxyHandler({})).open('http://127.0.0.1:8000/health', timeout=4)"]

CMD ["portal", "serve", "--host", "0.0.0.0"]
