# syntax=docker/dockerfile:1
# Flotilla without a screen, for linux/amd64 and linux/arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag flotilla .
ARG NODE=24
# Debian's ffmpeg comes with it: trixie has the newest of the stable releases (7.1, SVT-AV1 2.3).
ARG DEBIAN=trixie

# Scripts and pages are the same for every processor, so they are made on the builder's own.
FROM --platform=$BUILDPLATFORM node:${NODE}-${DEBIAN}-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Not npm ci: npm 11 refuses a lock file that lacks optional packages of other systems. The versions are the lock file's.
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.base.json ./
COPY build ./build
COPY resources ./resources
COPY src-shared ./src-shared
COPY src-main ./src-main
COPY src-renderer ./src-renderer
RUN npm run build

# better-sqlite3 brings a binary for each processor; no script has to run.
FROM node:${NODE}-${DEBIAN}-slim AS modules
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm install --no-save --ignore-scripts --omit=dev --no-audit --no-fund

FROM node:${NODE}-${DEBIAN}-slim
LABEL org.opencontainers.image.title="Flotilla" \
      org.opencontainers.image.description="Turns every computer on a LAN into one AV1 encoder for a whole media library, and never loses a file" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update \
 && apt-get install --yes --no-install-recommends cifs-utils ffmpeg tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=modules /src/node_modules ./node_modules
COPY --from=build /src/out/main ./out/main
COPY --from=build /src/out/renderer ./out/renderer
COPY package.json LICENSE ./
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
# For docker exec: flotilla pair list, flotilla doctor ...
RUN ln -s docker-entrypoint.sh /usr/local/bin/flotilla
# In a container loopback is nobody's; who gets in is a matter of password and tokens.
ENV NODE_ENV=production \
    DATA_DIR=/data \
    LISTEN=0.0.0.0 \
    PUID=1000 \
    PGID=1000
VOLUME /data
EXPOSE 8090 8091
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["flotilla", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "docker-entrypoint.sh"]
CMD ["serve"]
