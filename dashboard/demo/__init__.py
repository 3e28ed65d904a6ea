"""The demo: fictional people of a mid-size manufacturer, their policies, and some forty requests in every state."""
