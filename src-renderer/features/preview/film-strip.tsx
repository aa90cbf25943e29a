import type { FileView } from '../../../src-shared/contract/file-view.ts';
import type { Output } from '../../../src-shared/contract/index.ts';
import { POSITIONS, type Position, WORST } from '../../../src-shared/media/preview-positions.ts';
import classes from './compare.module.css';
import { pictureUrl } from './pictures.ts';
import { timecode } from './timecode.ts';

/** Pixels of a small picture. */
const THUMBNAIL = 160;
/** Places closer together than this, in seconds, need tenths to be distinguished. */
const CLOSE = 5;

interface Props {
  file: FileView;
  sample: NonNullable<Output<'file.get'>['sample']> | null;
  /** The second at which the result was measured to be worst; null where it was not measured. */
  worst: number | null;
  position: Position;
  choose: (position: Position) => void;
}

/** The places of the video that can be compared, each with a small picture and its time. */
export function FilmStrip({ file, sample, worst, position, choose }: Props) {
  const [start, length] = sample ? [sample.start, sample.seconds] : [0, file.duration];
  const timeOf = (place: Position) => {
    if (place === WORST) return timecode(worst ?? 0, false);
    if (length === null) return `Position ${place + 1}`;
    return timecode(start + ((place + 0.5) / POSITIONS.length) * length, length / POSITIONS.length < CLOSE);
  };
  const nameOf = (place: Position) => (place === WORST ? 'Weakest scene' : `Position ${place + 1}`);
  const places: Position[] = worst === null ? [...POSITIONS] : [WORST, ...POSITIONS];
  return (
    <div className={classes.strip} role="radiogroup" aria-label="Position in the video">
      {places.map((place) => (
        <label key={place} className={classes.place}>
          <input
            type="radio"
            name={`position-${file.id}`}
            aria-label={`${nameOf(place)}, ${timeOf(place)}`}
            title={place === WORST ? 'The sampled scene with the lowest measured quality' : undefined}
            checked={place === position}
            onChange={() => choose(place)}
          />
          <img
            src={pictureUrl(file.id, 'source', place, { sample: sample?.stamp, width: THUMBNAIL })}
            alt=""
            loading="lazy"
          />
          <span aria-hidden>{place === WORST ? `Weakest, ${timeOf(place)}` : timeOf(place)}</span>
        </label>
      ))}
    </div>
  );
}
