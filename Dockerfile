# One image for gateway, beat, worker and Flower; compose gives each its command.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY heartbeat heartbeat
COPY gateway gateway
COPY beat_schedule beat_schedule
COPY worker worker
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home heartbeat
COPY --from=build /venv /venv
# Flower reads its columns from the folder it is started in.
COPY flowerconfig.py /app/
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER heartbeat
EXPOSE 8765 5555
CMD ["python", "-m", "gateway"]
