# One image for everything of ours: web, workers and the jobs differ by their command.
# docs/admins/production.md says how to add the digest of the base image to its version.
FROM python:3.11.16-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.lock /tmp/
# Wheels alone: nothing is compiled, and no package runs code of its own while it is installed.
RUN python -m venv /venv \
 && /venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.lock

FROM python:3.11.16-slim-bookworm

# What reads faxes: poppler opens PDFs, tesseract reads pictures (docs/admins/faxes.md).
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends poppler-utils tesseract-ocr \
 && rm -rf /var/lib/apt/lists/*

RUN groupadd --gid 10001 loop \
 && useradd --uid 10001 --gid loop --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin loop \
 && install -d -o loop -g loop -m 0700 /var/lib/referral-loop

WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

COPY --from=build /venv /venv
COPY alembic.ini starter.py worker.py ./
COPY activities activities
COPY cli cli
COPY clinics clinics
COPY demo demo
COPY engine engine
COPY integrations integrations
COPY migrations migrations
COPY models models
COPY reports reports
COPY settings settings
COPY store store
COPY telemetry telemetry
COPY templates templates
COPY web web
COPY workflows workflows
RUN python -m compileall -q .

USER 10001:10001
CMD ["python", "starter.py", "--help"]
