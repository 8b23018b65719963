# Python and Debian as the tests have them. To pin the image as well:
# docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:… .
ARG BASE=python:3.11-slim-bookworm

# The wheel is built apart, so that neither sources nor what builds them are in the image.
FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
# Only what .dockerignore does not exclude.
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheel .

FROM ${BASE}
LABEL org.opencontainers.image.title="fsm-onboarding-portal" \
      org.opencontainers.image.description="The self-service onboarding portal of the FSM Appointment Manager"
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PORTAL_DATA_DIR=/data

# The dependencies change rarely, so they are a layer of their own, which Docker caches. What is
# mounted is there while the command runs, and leaves nothing in the image (Docker 23, Podman 4).
RUN --mount=type=bind,source=requirements.lock,target=/mnt/requirements.lock \
    pip install --require-hashes --requirement /mnt/requirements.lock
RUN --mount=type=bind,from=build,source=/wheel,target=/mnt/wheel \
    pip install --no-deps --no-index /mnt/wheel/*.whl

# The portal writes only to the data folder: the rest may be mounted read-only.
RUN groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --group portal --mode 0700 /data
# A number, since Kubernetes cannot tell of a name that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM

# Without the proxies that the environment may name: they cannot reach this container's own port.
# Whether the process answers, and not whether the store does: a new container has the same store,
# and meanwhile this one answers `validate` as it was. Load balancers ask for /health/ready.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "\
import urllib.request as http; \
http.build_opener(http.ProxyHandler({})).open('http://127.0.0.1:8000/health/live', timeout=4)"]

CMD ["portal", "serve", "--host", "0.0.0.0"]
