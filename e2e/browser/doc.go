// Package browser starts a headless Chromium for a test, opens pages in it, and
// notes what they do: what they write to the console, what they throw, and what
// they ask the network for.
//
//	page := browser.Start(t).Open(t)
//	page.Do(t, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#send")))
//	page.CheckClean(t, url)
//
// The binary is FANLIGHT_CHROMIUM's, else the first of chromium,
// chromium-browser and google-chrome on the PATH. Without one the test is
// skipped, and says how to get it; with CI=true it fails.
package browser
