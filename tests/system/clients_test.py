"""Clients of Binance from npm against the real binary: ccxt, @binance/spot and binance over REST and the WebSocket API."""
import support
from client_programs import ClientTestCase


class ClientsTest(ClientTestCase):
    def test_public_data(self):
        self.start(feed="sim")
        self.run_client("ccxt_public")
        self.run_client("binance_public")

    def test_ccxt_trading(self):
        self.start()
        self.run_client("ccxt_trading")
        self.check_money()

    def test_ccxt_errors(self):
        self.start()
        self.add_filters()
        self.run_client("ccxt_errors")
        self.check_money()

    def test_limits(self):
        self.start(options=["--binance.weight-per-minute", "2000", "--limits.orders-per-10s", "5", "--limits.loopback", "on",
                            "--limits.connections-per-address", "20"])
        self.run_client("limits", connections=20)

    def test_binance_spot(self):
        self.start()
        self.add_filters()
        self.run_client("binance_spot")
        self.check_money()

    def test_binance(self):
        self.start()
        self.run_client("binance")
        self.check_money()


if __name__ == "__main__":
    support.main()
