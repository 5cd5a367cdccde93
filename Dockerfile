# Archbell as a container. How to run it: docs/container.md. How this file is proven: make container.
#
# The one line to change for a newer Python or Debian. It names a tag; who wants the very same bytes
# at every build adds its digest behind it (python:3.13-slim-trixie@sha256:…), which `docker buildx
# imagetools inspect` tells and only somebody who can reach the registry can know.
FROM docker.io/library/python:3.13-slim-trixie AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1


FROM base AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all:
WORKDIR /build

# What builds the wheel stays in this stage; the bot's own environment has not even pip.
COPY requirements-build.txt ./
RUN python -m venv tools \
    && tools/bin/pip install --require-hashes --no-deps -r requirements-build.txt \
    && python -m venv --without-pip /opt/archbell

# A layer of its own: a change of the bot's code fetches nothing again.
COPY requirements.txt ./
RUN tools/bin/pip --python /opt/archbell/bin/python install \
        --no-compile --require-hashes --no-deps -r requirements.txt

# Bytecode is made here, once, because nobody may write it later. It never looks at the sources'
# dates, which a copy between stages need not keep.
COPY pyproject.toml README.md ./
COPY bot bot
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && tools/bin/pip --python /opt/archbell/bin/python install \
        --no-compile --no-deps --no-index wheels/*.whl \
    && tools/bin/pip --python /opt/archbell/bin/python check \
    && /opt/archbell/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/archbell/lib


FROM base
LABEL org.opencontainers.image.title="archbell" \
      org.opencontainers.image.description="Tells you when the missing architecture of an image tag can be pulled" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

# The name is for `ps` and for libraries that ask who they are; permissions go by the number.
RUN groupadd --gid 10001 archbell \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin archbell \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=builder /opt/archbell /opt/archbell

# Without a configuration the database is archbell.db in the present folder. ARCHBELL_DATABASE__URL
# is left alone on purpose: it would win over the `url` of an operator's own file, in silence.
ENV PATH=/opt/archbell/bin:$PATH \
    ARCHBELL_HEALTH__HEARTBEAT_FILE=/data/heartbeat
WORKDIR /data
VOLUME ["/data"]
USER 10001:10001

STOPSIGNAL SIGTERM
# The bot touches the file every 10 s, and only while its loop turns and its database answers.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["sh", "-c", "find \"$ARCHBELL_HEALTH__HEARTBEAT_FILE\" -newermt '-60 seconds' | grep -q ."]
ENTRYPOINT ["archbell"]
CMD ["run"]
