import type { ACCESS_CALLS } from '../../../src-shared/contract/access.ts';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { Access } from '../auth/access.ts';

export interface AccessHandlerParts {
  access: Access;
}

/** Returns the handlers for passwords, sessions, and tokens. */
export function accessHandlers({ access }: AccessHandlerParts): Pick<Handlers, keyof typeof ACCESS_CALLS> {
  return {
    'access.get': () => ({ password: access.hasPassword, sessions: access.sessions, tokens: access.tokens }),
    'access.setPassword': async ({ password, old, keep }) => {
      await access.setPassword(password, old, keep);
      return {};
    },
    'access.signOut': (input) => {
      if ('keep' in input) return { signedOut: access.signOutAll(input.keep) };
      access.signOut(input.session);
      return { signedOut: 1 };
    },
    'access.createToken': ({ name }) => access.createToken(name),
    'access.removeToken': ({ id }) => {
      access.removeToken(id);
      return {};
    },
  };
}
