import type { FileView } from '../../../src-shared/contract/file-view.ts';
import classes from './reason.module.css';
import { RuleLink } from './rule-link.tsx';

/** Why a video isn't converted, in one line under its name, with the way to the setting behind it; nothing for others. */
export function Reason({ file: { state, reason, code } }: { file: Pick<FileView, 'state' | 'reason' | 'code'> }) {
  if (!reason || state === 'done') return null;
  return (
    <span className={classes.reason} title={reason}>
      <span className={classes.text}>{reason}</span>
      {state === 'skipped' && <RuleLink code={code} />}
    </span>
  );
}
