"""Where cement enters and where cement and marrow leave."""
