/** The nonce that lets this page add styles of its own under the server's Content-Security-Policy. */
export const nonce = document.querySelector<HTMLElement>('meta[property="csp-nonce"]')?.nonce ?? '';

// The scroll lock of dialogs asks for it under this name (npm get-nonce).
Object.assign(globalThis, { __webpack_nonce__: nonce });
