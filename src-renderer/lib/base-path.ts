/** The path below which a reverse proxy shows the interface, `/path`; '' at the root. The server put it into the page. */
export const BASE = document.querySelector<HTMLMetaElement>('meta[name="base"]')?.content ?? '';

// Who came past the proxy is shown the page where its links lead to.
const { pathname, search, hash } = location;
if (pathname !== BASE && !pathname.startsWith(`${BASE}/`)) location.replace(BASE + pathname + search + hash);
