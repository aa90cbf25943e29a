import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { ruleOf } from '../../../src-shared/plan/override.ts';
import { sectionOf, textOf } from '../../../src-shared/settings/setting-words.ts';

/** Leads from a reason to the setting that decides about all videos with it; nothing where there is none. */
export function RuleLink({ code }: { code: string | null }) {
  const rule = ruleOf(code);
  if (!rule) return null;
  return (
    <Anchor component={Link} href={`/settings/${sectionOf(rule.setting)}#setting-${rule.setting}`} inherit>
      Setting: {textOf(rule.setting)?.label}
    </Anchor>
  );
}
