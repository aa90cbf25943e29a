import { useLocation } from 'wouter';
import { PageBody, PageHead } from '../../components/page.tsx';
import { tellTrouble, useAction, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { call } from '../../transport.ts';
import { FolderPicker } from './folder-picker.tsx';

/** Where the films are. The folder is only looked into: nothing is converted before the next page says so. */
export function ChooseFolder() {
  const [, navigate] = useLocation();
  const add = useAction('library.add', ['library.list']);
  const libraries = useLive((live) => live.summary?.libraries);
  const settings = useCall('settings.get', {});
  const set = useAction('settings.set', ['settings.get']);
  const choose = async (path: string) => {
    try {
      // Nothing can be lost by someone's first films; whoever has said otherwise is heard.
      if (libraries?.length === 0 && settings.data?.sources.testingMode === 'default') {
        await set.mutateAsync({ values: { testingMode: true } });
      }
      const { library } = await add.mutateAsync({ path, watched: true, hold: true });
      // Its films show up on the next page while they are found; what goes wrong there is told all the same.
      call('library.scan', { library: library.id }).catch(tellTrouble);
      navigate(`/welcome?library=${library.id}`);
    } catch {
      // Told by the action.
    }
  };
  return (
    <>
      <PageHead
        title="Where are your films?"
        sentence="Choose a folder. Flotilla looks into it first and changes nothing yet."
      />
      <PageBody form>
        <FolderPicker choose={choose} busy={add.isPending} />
      </PageBody>
    </>
  );
}
