// WriteAheadLog
