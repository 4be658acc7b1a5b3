import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { showPrefs } from './lib/prefs.svelte';

showPrefs();
const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
export default mount(App, { target });
