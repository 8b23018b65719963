FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PORTAL_DATA_DIR=/data

WORKDIR /app

# The dependencies first: they change seldom, and this layer is kept until they do.
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock

# What .dockerignore lets through, and no more.
COPY . .
RUN pip install --no-deps .

# The data folder is the only place where the portal writes.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --mode 0700 /data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000

# Asked by its public name: any other is refused.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "\
import os, urllib.parse, urllib.request as http; \
base = os.environ.get('PORTAL_BASE_URL') or 'http://127.0.0.1:8000'; \
host = {'Host': urllib.parse.urlsplit(base).netloc}; \
http.urlopen(http.Request('http://127.0.0.1:8000/health', headers=host), timeout=4)"]

CMD ["portal", "serve", "--host", "0.0.0.0"]
