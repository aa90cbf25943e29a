import { Flex, Skeleton, Stack } from '@mantine/core';

/** Height of the grey bar that stands for a line of text, in pixels. */
const LINE_PX = 12;
/** Height up to which a placeholder stands for a line of text; a taller one is filled entirely. In pixels. */
const MAX_LINE_PX = 80;

/** Grey lines in the shape of a list that is loading. */
export function Loading({ lines = 4, height = 40 }: { lines?: number; height?: number }) {
  return (
    <Stack gap={8} role="status" aria-busy aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Flex key={line} h={height} align="center">
          <Skeleton
            height={height > MAX_LINE_PX ? height : LINE_PX}
            width={height > MAX_LINE_PX ? '100%' : `${92 - ((line * 17) % 40)}%`}
          />
        </Flex>
      ))}
    </Stack>
  );
}
