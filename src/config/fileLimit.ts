/** Characters of a configuration file at most: as large as a ConfigMap can be. */
export const MAX_FILE_LENGTH = 2 ** 20;
