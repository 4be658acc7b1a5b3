"""Clients of Binance from npm against the real binary: market streams, user data, and books kept from the depth stream."""
import support
from client_programs import ClientTestCase


class ClientStreamsTest(ClientTestCase):
    def test_market_streams(self):
        self.start(feed="sim")
        self.run_client("ccxt_streams")

    def test_user_data(self):
        self.start()
        self.run_client("ccxt_user_data")
        self.check_money()

    def test_streams_of_the_other_clients(self):
        self.start(feed="sim")
        self.run_client("binance_spot_streams")
        self.run_client("binance_streams")

    def test_book_under_load(self):
        self.start()
        self.run_client("book_sync", load_seconds=30)
        self.check_money()

    def test_book_of_a_simulated_market_under_load(self):
        self.start(feed="sim")
        self.run_client("book_sync", load_seconds=10)


if __name__ == "__main__":
    support.main()
