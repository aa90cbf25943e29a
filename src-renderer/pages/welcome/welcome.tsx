import { Redirect, useSearchParams } from 'wouter';
import { isLoopback } from '../../../src-shared/util/loopback.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { JoinMaster } from '../../features/master/join-master.tsx';
import { PasswordForm } from '../../features/settings/password-form.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { isWorkerOnly, useLive } from '../../store/live.ts';
import { useCall } from '../../store/queries.ts';
import { ChooseFolder } from './choose-folder.tsx';
import { ChooseRole } from './choose-role.tsx';
import { Preview } from './preview.tsx';

/** From nothing to the first video: role, folder, preview, start. */
export function WelcomePage() {
  const [params] = useSearchParams();
  const setup = useCall('setup.get', {});
  const about = useLive((live) => live.about);
  const employed = useLive((live) => isWorkerOnly(live.summary));
  const settings = useCall('settings.get', {});
  // The desktop's own window is always at this computer; the setting says who else can come.
  const isReachable =
    (!desktop && !isLoopback(location.hostname)) || !isLoopback(settings.data?.values.listen ?? '127.0.0.1');
  const needsPassword = about?.password === false && isReachable;
  const libraries = (params.get('library') ?? '')
    .split(',')
    .map(Number)
    .filter((id) => Number.isInteger(id) && id > 0);
  if (libraries.length > 0) return <Preview libraries={libraries} />;
  if (setup.error)
    return (
      <PageBody>
        <ErrorAlert error={setup.error} retry={setup.refetch} />
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
          sentence="First, set a password: anyone on the network who knows this address could open it."
        />
        <PageBody form>
          <PasswordForm />
        </PageBody>
      </>
    );
  }
  if (params.get('step') === 'role') return <ChooseRole />;
  // With an address of its own, so that the browser's Back leads there again.
  if (role === null) return <Redirect to="/welcome?step=role" replace />;
  if (role === 'join') return employed ? <Redirect to="/this-computer" replace /> : <JoinMaster />;
  return <ChooseFolder />;
}
