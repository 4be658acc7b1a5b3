-- Whether a candle is still open (1), made of an incomplete set (2), corrected after it was closed (4).
ALTER TABLE candles ADD COLUMN marks INTEGER NOT NULL DEFAULT 0;

-- The newest of a series may have been stored while it ran: its last values are no correction.
UPDATE candles SET marks = 1 WHERE (market, interval, open_time) IN
  (SELECT market, interval, max(open_time) FROM candles GROUP BY market, interval);
