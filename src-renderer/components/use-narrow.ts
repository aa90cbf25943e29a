import { useMediaQuery } from '@mantine/hooks';

/** True on a phone, whose screen has room for one column; the limit is that of the style sheets. */
export const useNarrow = (): boolean => useMediaQuery('(max-width: 639px)', window.innerWidth < 640);
