import type { FORECAST_CALLS } from '../../../src-shared/contract/forecast.ts';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { TotalForecasts } from '../../master/forecast/total-forecasts.ts';
import type { Libraries } from '../../master/library/libraries.ts';
import type { SizeSamples } from '../previews/size-samples.ts';

export interface ForecastHandlerParts {
  libraries: Libraries;
  totals: TotalForecasts;
  samples: SizeSamples;
}

/** Returns the handlers that foretell what conversions will come to. */
export function forecastHandlers(parts: ForecastHandlerParts): Pick<Handlers, keyof typeof FORECAST_CALLS> {
  const { libraries, totals, samples } = parts;
  return {
    'forecast.get': async ({ library }) => {
      if (library !== undefined) libraries.get(library);
      return { ...(await totals.of(library)), measuring: samples.measuring };
    },
    'forecast.measure': ({ library }) => {
      if (library !== undefined) libraries.get(library);
      samples.begin(library);
      return {};
    },
    'forecast.stop': async () => {
      await samples.cancel();
      return {};
    },
    'file.measure': ({ file }) => samples.measure(file),
  };
}
