import { Redirect, useSearchParams } from 'wouter';
import { isLoopback } from '../../../src-shared/loopback.ts';
import { Loading, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { desktop } from '../../desktop.ts';
import { useCall } from '../../store/calls.ts';
import { isOnlyEmployed, useLive } from '../../store/live.ts';
import { PasswordForm } from '../settings/password-form.tsx';
import { ChooseFolder } from './choose-folder.tsx';
import { ChooseRole } from './choose-role.tsx';
import { JoinMaster } from './join-master.tsx';
import { Preview } from './preview.tsx';

/** From nothing to the first film: how to use this computer, which folder, what it would bring, go. */
export function WelcomePage() {
  const [params] = useSearchParams();
  const setup = useCall('setup.get', {});
  const about = useLive((live) => live.about);
  const employed = useLive((live) => isOnlyEmployed(live.summary));
  const needsPassword = about?.password === false && !desktop && !isLoopback(location.hostname);
  const library = Number(params.get('library'));
  if (library > 0) return <Preview library={library} />;
  if (setup.error)
    return (
      <PageBody>
        <Trouble error={setup.error} retry={setup.refetch} />
      </PageBody>
    );
  if (!setup.data)
    return (
      <PageBody>
        <Loading />
      </PageBody>
    );
  const { role, complete } = setup.data;
  if (needsPassword && !complete) {
    return (
      <>
        <PageHead
          title="Welcome"
          sentence="First a password: anyone on the network who knows this address could open it."
        />
        <PageBody form>
          <PasswordForm />
        </PageBody>
      </>
    );
  }
  if (role === 'join') return employed ? <Redirect to="/this-computer" replace /> : <JoinMaster />;
  if (role === null) return <ChooseRole />;
  return <ChooseFolder />;
}
