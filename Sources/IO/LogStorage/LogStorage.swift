// LogStorage
