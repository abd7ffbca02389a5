"""The wallet: certificates (电子证照) issued, shown as a one-time QR (亮证), and verified (核验)."""
