/** Why nothing is begun any more. */
export const SHUTTING_DOWN = 'Flotilla is shutting down.';

/** What a caller learns of a defect; the log has the rest. */
export const INTERNAL_ERROR = 'Internal error. See the log for details.';
