import { Button, Group, Stack, Text } from '@mantine/core';
import { forecastBasis, forecastSentence } from '../../../src-shared/text/forecast-text.ts';
import { count } from '../../../src-shared/text/format.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { useAction, useCall } from '../../store/queries.ts';

/** Of two lines of text and a button, in pixels: what stands below stays in its place. */
const HALF_PX = 37;

/** What the videos that wait would bring, of one library or of all, with the means to know it better. */
export function ForecastSummary({ library }: { library?: number }) {
  const scope = library === undefined ? {} : { library };
  const { data, error, refetch } = useCall('forecast.get', scope, { keep: true });
  const measure = useAction('forecast.measure', ['forecast.get']);
  const stop = useAction('forecast.stop', ['forecast.get']);
  if (error) return <ErrorAlert error={error} retry={refetch} />;
  if (!data) return <Loading lines={2} height={HALF_PX} />;
  if (data.videos === 0) return <Text c="dimmed">A forecast appears here when videos wait to be converted.</Text>;
  const { measuring } = data;
  return (
    <Stack gap="xs">
      <Text>{forecastSentence(data)}</Text>
      <Text c="dimmed">{forecastBasis(data.learned)}</Text>
      <Group gap="sm">
        {measuring ? (
          <>
            <Text role="status">Sampling: {count(measuring.done, 'video')} done.</Text>
            <Button variant="default" size="compact-sm" loading={stop.isPending} onClick={() => stop.mutate({})}>
              Stop sampling
            </Button>
          </>
        ) : (
          <Button
            variant="default"
            size="compact-sm"
            title="Encodes a few seconds of some videos at low priority. Nothing is replaced."
            loading={measure.isPending}
            onClick={() => measure.mutate(scope)}
          >
            Measure with samples
          </Button>
        )}
      </Group>
    </Stack>
  );
}
